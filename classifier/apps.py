from django.apps import AppConfig


class ClassifierConfig(AppConfig):
    name = "classifier"
    verbose_name = "Hairline"

    def ready(self) -> None:
        from classifier import accounts

        accounts.watch()
