"""An app that breaks the rules for models, one by one; in no installation."""
