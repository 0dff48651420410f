"""Reading raw input: archives of crawled pages and git repositories, record by record.

Everything here takes hostile input: a damaged record or file ends as a counted `ReadError`, never as an exception.
"""
