"""MCP servers whose tools agents may use, as an admin connected them (`McpServer` rows).

address      what may be typed as an address
definition   a tool as its server describes it, and whether that is what an admin looked at
schema       its parameters as every wire takes them
names        what it is called by a model
connection   a row as a call needs it, with its secrets
bounds       no redirects, nothing packed, no endless answers
session      one conversation with a server: behind the egress guard, over the official SDK
content      what a tool answered, as data for a model
reading      what a server offers -> rows; what has changed is held back
asking       asks a server, for the admin and for the command
choices      what an admin chose
grants       which tools an agent is given
"""
