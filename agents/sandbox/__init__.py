"""The sandbox: a stand-in provider that speaks the real wire protocols, needs no key and is no AI.

One core, `app.SandboxApp`, answers requests. Two ways lead to it: `transport.SandboxTransport` inside this process,
under the vendors' own SDKs, and `server` over HTTP (`manage.py sandbox`). What it says is decided by `script`, how it
is said on the wire by `wire`. Beside it `company` is served, a world for agents to find things out in.
"""
