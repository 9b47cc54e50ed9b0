"""The texts of messages to operators about the installation itself, a module for each subject."""
