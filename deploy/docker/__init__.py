"""The container images, and the parts of requirements.lock that each of them installs."""
