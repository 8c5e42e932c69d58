"""Tests, one folder an app, and a few that hold the whole together."""
