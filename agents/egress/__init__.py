"""Which places an address that somebody typed may lead to, and a transport that goes nowhere else.

addresses   what may be typed: scheme, host, port
ranges      what an IP address is: public, private, or never to be called
guard       a name to its addresses, each of them judged
transport   an HTTP client that connects to judged addresses only
"""
