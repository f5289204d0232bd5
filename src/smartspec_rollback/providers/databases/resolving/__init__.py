"""What resolving statements on a catalog has in common, whatever the language and its parser."""
