from django.apps import AppConfig


class TokenprojectConfig(AppConfig):
    name = "tokenproject"
