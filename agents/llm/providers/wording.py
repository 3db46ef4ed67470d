"""What a user reads when a provider fails: what happened, what was kept, what to do.

Fields: `{provider}` and `{model}` are names, `{kept}` is one of the first two sentences.
"""

KEPT_MESSAGE = "Your message is kept."
KEPT_ANSWER = "What arrived so far is kept."

SPEND_LIMIT = (
    "The spending limit or the quota at {provider} is used up. {kept} Waiting does not help: please ask an "
    "administrator to raise it, or choose another model."
)
SLOW_DOWN = "{provider} asks us to slow down. {kept} Please try again in a moment."
NEVER_ADMITTED = (
    "This request is larger than {provider} ever admits at once under our rate limit. {kept} "
    "Please lower the token limit, or start a new conversation."
)
OVERFLOW = (
    "{provider} says that this is more than {model} can take in. {kept} "
    "Please lower the token limit, or start a new conversation."
)
REFUSED = "A safety filter of {provider} refused this request. {kept} Please say it in another way."
AUTH = (
    "{provider} did not let us in. {kept} Please ask an administrator to check the key of this provider "
    "and what it may use."
)
LATE = "{provider} did not answer in time. {kept} Please try again in a moment."
UNREACHABLE = (
    "{provider} could not be reached. {kept} Please try again in a moment; if it stays so, ask an administrator to "
    "check the address of this provider and the network."
)
OVERLOADED = "{provider} is overloaded, or has a fault on its side. {kept} Please try again in a moment."
UNKNOWN_MODEL = (
    "{provider} does not know the model {model}, or its address is wrong. {kept} Please choose another model, "
    "or ask an administrator to check this one."
)
BAD_ADDRESS = (
    "The address or a header of {provider} is not valid. {kept} Please ask an administrator to check the settings of "
    "this provider."
)
REDIRECT = (
    "{provider} answered with a redirect, which we do not follow. {kept} Please ask an administrator to check the "
    "address of this provider."
)
REFUSED_SETTING = (
    "{provider} refused the request as it was sent. {kept} Please ask an administrator to check the settings of "
    "{model}; the log holds the reason."
)
TOOLS_ON_ANOTHER_WIRE = (
    "{model} takes tools only over the Responses API, so nothing was sent to {provider}. {kept} Please choose another "
    "model, or ask an administrator to set this one's wire to OpenAI Responses."
)
FAILED_INSIDE = "{provider} reported a failure while it was answering. {kept} Please try again."
CUT = "The answer of {provider} broke off before its end. {kept} Please try again."
UNREADABLE = "{provider} sent something that we could not read. {kept} Please try again."
NO_STREAM = (
    "{provider} answered with a page instead of a stream; it may be the login page of a gateway. {kept} Please ask an "
    "administrator to check the address of this provider."
)
