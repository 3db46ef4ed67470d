from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = "Agents, models and limits"

    def ready(self) -> None:
        from agents import checks  # noqa: F401 - registers itself
