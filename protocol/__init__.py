"""The specification as code: records, strict codecs, numbered checks, the rule of what counts. Pure."""
