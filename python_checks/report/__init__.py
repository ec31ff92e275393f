"""One page of HTML that shows what the marts hold."""
