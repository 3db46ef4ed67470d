from axes.apps import AppConfig


class SignInsConfig(AppConfig):  # type: ignore[misc]
    """django-axes by what it shows: who tried to sign in."""

    verbose_name = "Sign-ins"
