"""The website of the listening test. Its libraries are imported only when it is served."""
