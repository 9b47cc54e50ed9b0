"""How an agent reaches a server: names, addresses, lines, TLS. It knows no mail protocol."""
