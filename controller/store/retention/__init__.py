"""How long results and roll-ups are kept, and the removal of those that an organization keeps no longer."""
