from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0002_advanced_settings_rules_and_secrets'),
    ]

    operations = [
        migrations.AddField(
            model_name='modelcall',
            name='agent',
            field=models.SlugField(blank=True, db_index=False, help_text='Whose call it was; empty for a call that no agent made.', max_length=64),
        ),
    ]
