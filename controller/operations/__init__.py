"""What a principal may do, through whichever group of routes: each operation checks permissions, decides, and stores.

Operations raise the errors of controller.errors, StoreUnavailableError and BusError, and know nothing of HTTP.
"""
