package wecom

// actionFor is the table of errcodes: what each asks of a client. Codes it does not know are
// bugs, since a retry of the unknown has never helped.
func actionFor(api string, code int) Action {
	switch code {
	case 0:
		return ActionDone
	case 40001: // wrong secret, or a token that belongs to one
		if api == apiToken {
			return ActionConfig
		}
		return ActionToken
	case 40014, 42001: // expired tokens come back as either
		return ActionToken
	case -1, 6000, // busy, concurrent change
		45033, 45035, // too many at once
		301057, 830003:
		return ActionRetry
	case CodeFrequency, 302008:
		return ActionWait
	case 40007, 40145:
		return ActionUpload
	}
	switch {
	case isConfig(code):
		return ActionConfig
	case isDrop(code):
		return ActionDrop
	case isFinal(code):
		return ActionFinal
	case isUser(code):
		return ActionUser
	}
	return ActionBug
}

// isConfig: secret, rights, range, trusted IP and domain, app switched off, quota used up.
func isConfig(code int) bool {
	switch code {
	case 40013, 40091, 43009, 45031,
		48001, 48002, 48003, 48004, 48006, 48009, 48010, 48011,
		50003, 60020, 60031, 301002, 301007, 40056,
		45024, 45026, 45036,
		43012,
		50001, 92001, 80001, 85005,
		60011, 81011, 81012, 65014, 65022, 65023, 701008,
		40057, 85011, 85004, 85008, 85111, 85006, 85007, 85010,
		94000, 301055, 301056, 93000, 93004, 93008:
		return true
	}
	return false
}

// isDrop: a person, department or chat that is not there for this app.
func isDrop(code int) bool {
	switch code {
	case 40003, 43004, CodeNoRecipient, 82102, 40096,
		60003, 60123, 60021, 60111, 46004,
		93006, 40050, 86001, 86003:
		return true
	}
	return code >= 65000 && code <= 65024 // home-school book, the config codes are taken before
}

// isFinal: too late or done before.
func isFinal(code int) bool {
	switch code {
	case 42016, 42052, CodeResponseCode, 40088, 40089, CodeNoMenu, 90459, 90460, 86215:
		return true
	}
	return false
}

// isUser: the person must begin again.
func isUser(code int) bool {
	switch code {
	case CodeInvalidCode, 42003, 42022, 84014, 84015, 50002, 92000, 92002, 301079:
		return true
	}
	return false
}
