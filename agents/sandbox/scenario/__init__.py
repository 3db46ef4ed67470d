"""What the sandbox answers by a file in place of its words: `manage.py sandbox --scenario FILE.toml`."""
