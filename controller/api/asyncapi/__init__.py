"""Describes the public event stream: an AsyncAPI 3.0 document made from the wire types, and a page that shows it."""
