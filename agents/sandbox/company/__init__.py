"""A small fictional company to try agents on without any account: five services, one of which broke half an hour ago.

story     what happened and when: the ground truth
traffic   how each service did, minute by minute
logs, spans, metrics, monitors, changes   what is left of it in a Datadog account
shop      its orders, payments and reservations, with planted mismatches
search    Datadog's query language, as far as it is understood here
quota     Datadog's rate limits
wire      the paths of Datadog's API
plain     the company's own APIs
app       one request in, one response out

Everything is made from seeds and a clock, so that the same minute after the deployment always looks the same.
"""
