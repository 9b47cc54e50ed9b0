"""Audits the packages in the lock files: for releases that were withdrawn, and for known vulnerabilities in a list.

No package with a usable list exists: safety-db, the only one, ends in July 2021 and may not be used commercially, and
pip-audit needs a service on the Internet. So CI asks the package registry which releases were withdrawn ("yanked"),
often because of a vulnerability, and a list in the format of OSV is read where somebody has downloaded it.
"""
