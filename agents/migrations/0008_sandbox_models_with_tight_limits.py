from django.db import migrations
from django.db.models import Max

POOLS = {
    'claude-tight': {
        'requests_per_minute': 50,
        'input_tokens_per_minute': 40_000,
        'output_tokens_per_minute': 8_000,
    },
    'gpt-tight': {'requests_per_minute': 50, 'tokens_per_minute': 40_000},
}
MODELS = {
    'sandbox-claude-tight': {
        'name': 'Sandbox Claude, 40k/min',
        'wire': 'anthropic_messages',
        'pool': 'claude-tight',
        'context_window': 200_000,
        'max_output_tokens': 64_000,
    },
    'sandbox-gpt-tight': {
        'name': 'Sandbox GPT, 40k/min',
        'wire': 'openai_chat',
        'pool': 'gpt-tight',
        'context_window': 128_000,
        'max_output_tokens': 16_384,
    },
}


def add_tight_models(apps, schema_editor):
    """A sandbox that was shipped before these models were gets them once; a new one has them from the start.

    Whatever has one of the names already is an admin's own and stays as it is.
    """
    Provider = apps.get_model('agents', 'Provider')
    RatePool = apps.get_model('agents', 'RatePool')
    LanguageModel = apps.get_model('agents', 'LanguageModel')
    for provider in Provider.objects.filter(slug='sandbox', kind='sandbox'):
        last = LanguageModel.objects.filter(provider=provider).aggregate(last=Max('position'))['last']
        position = 0 if last is None else last + 1
        for model_id, values in MODELS.items():
            if LanguageModel.objects.filter(provider=provider, model_id=model_id).exists():
                continue
            name = values['pool']
            pool, _ = RatePool.objects.get_or_create(provider=provider, name=name, defaults=POOLS[name])
            LanguageModel.objects.create(
                provider=provider, model_id=model_id, position=position, **{**values, 'pool': pool}
            )
            position += 1


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0007_rate_pool_bursts_concurrency_and_patience'),
    ]

    operations = [
        migrations.RunPython(add_tight_models, migrations.RunPython.noop),
    ]
