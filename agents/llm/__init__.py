"""How to speak to a language model, as a pure core: no Django, no database, no settings, no clock of its own."""
