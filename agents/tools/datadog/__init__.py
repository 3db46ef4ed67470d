"""Tools that look into a Datadog account, through Datadog's official client.

accounts      which account is asked: rows become an address and two keys
near          the sandbox company, asked in this process
client        one request: in a thread, behind the egress guard, waiting out Datadog's rate limits
question      what all tools share: an account, a time range, and how a result is told
logs, log_counts, metrics, monitors, events, spans   one tool each

Their schemas hold no name and no date, so that every user of an agent shares one cacheable prefix.
"""
