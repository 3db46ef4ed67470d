"""Enforced rate limits: how much an account may ask of a pool of models, and the counters that judge its clients.

`pool` is what can be configured, `bucket` and `ramp` the arithmetic, `pool_state` one account's use of one pool,
`enforced` the `AccountLimits` made of them; `file` reads pools from TOML, `shipped` has those that are always there.
"""
