"""The server's side of the workers. Not for the GPU process, which is workers/gpu/."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"
