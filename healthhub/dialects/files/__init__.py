"""Files that people carry over from other products: one streaming reader per vendor, and a sniffer that picks it."""
