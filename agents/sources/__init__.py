"""Services that agents may read over HTTP, as an admin defined them (`HttpSource` rows).

allowed     which paths and methods: what an admin may write, and what a call may name
source      a row as a call needs it, with its secrets
signing     how a call is signed: a header, or a token of OAuth2 client credentials
fetch       one call: behind the egress guard, bounded in size and time, no redirects
catalogue   what a model is told about all of them
"""
