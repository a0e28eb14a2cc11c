"""Tables of check-up centres (体检报告): every centre writes its own, so that a mapping is proposed, asked about and confirmed."""
