"""The process that makes pictures and videos; it knows neither Django nor any app."""

VERSION = "0.1.0"
