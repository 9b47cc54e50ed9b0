"""The public event stream described: an AsyncAPI 3.0 document made from the wire types, and a page to read it."""
