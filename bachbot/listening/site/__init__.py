"""The listening test as a site. Loads nothing before it is served."""
