"""Two kinds of monitor that only tests have, each of three modules, and the source of a product that has them."""
