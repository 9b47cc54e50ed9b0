"""What a principal may do, whichever facade asks: each operation checks who asks, decides, and stores.

They raise the errors of controller.errors, StoreUnavailableError and BusError, and know nothing of HTTP.
"""
