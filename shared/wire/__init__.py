"""The data that controller, agents and subscribers exchange: messages, targets, subjects, signatures."""
