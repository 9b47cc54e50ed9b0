"""How an agent reaches a server: names, addresses, lines, TLS. Knows no mail protocol."""
