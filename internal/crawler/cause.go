package crawler

import "slices"

// Cause says how a visit ended, in one word of a closed list. The first part
// of a cause says whose it is; Class says the same to a program.
type Cause string

// The causes, in the order of their classes.
const (
	OK        Cause = "ok"
	Unchanged Cause = "unchanged" // 304, or the same digest as last time

	TorDown   Cause = "tor_down"   // the SOCKS address is silent
	TorFailed Cause = "tor_failed" // general SOCKS failure
	Stopped   Cause = "stopped"    // we were told to stop in mid-visit

	OnionNotFound         Cause = "onion_not_found"
	OnionBadDescriptor    Cause = "onion_bad_descriptor"
	OnionIntroFailed      Cause = "onion_intro_failed"
	OnionRendezvousFailed Cause = "onion_rendezvous_failed"
	OnionAuthMissing      Cause = "onion_auth_missing"
	OnionAuthWrong        Cause = "onion_auth_wrong"
	OnionBadAddress       Cause = "onion_bad_address"
	OnionIntroTimeout     Cause = "onion_intro_timeout"

	PortClosed     Cause = "port_closed"
	ExitFailed     Cause = "exit_failed"
	TimeoutConnect Cause = "timeout_connect"
	TimeoutHeader  Cause = "timeout_header"
	TimeoutFetch   Cause = "timeout_fetch"
	TooSlow        Cause = "too_slow"
	ConnectionLost Cause = "connection_lost"
	TLSFailed      Cause = "tls_failed"

	HTTP403    Cause = "http_403"
	HTTP404    Cause = "http_404"
	HTTP410    Cause = "http_410"
	HTTP429    Cause = "http_429"
	HTTP4xx    Cause = "http_4xx"
	HTTP5xx    Cause = "http_5xx"
	BrokenHTTP Cause = "broken_http"

	RefusedLocal    Cause = "refused_local"
	RefusedScheme   Cause = "refused_scheme"
	RefusedPort     Cause = "refused_port"
	RefusedScope    Cause = "refused_scope"
	RefusedClearnet Cause = "refused_clearnet"
	RefusedURL      Cause = "refused_url"

	LimitHeader    Cause = "limit_header"
	LimitPage      Cause = "limit_page"
	LimitLinks     Cause = "limit_links"
	LimitURL       Cause = "limit_url"
	LimitDepth     Cause = "limit_depth"
	LimitRedirects Cause = "limit_redirects"
	LimitBytes     Cause = "limit_bytes"
	LimitPixels    Cause = "limit_pixels"
	LimitSide      Cause = "limit_side"
	LimitFrames    Cause = "limit_frames" // of a picture that was judged by the others
	LimitTime      Cause = "limit_time"
	LimitRatio     Cause = "limit_ratio"
	LimitMemory    Cause = "limit_memory"
	LimitMembers   Cause = "limit_members"
	LimitTotal     Cause = "limit_total"
	LimitNesting   Cause = "limit_nesting"
	LimitWindow    Cause = "limit_window"

	BudgetPages      Cause = "budget_pages"
	BudgetBytes      Cause = "budget_bytes"
	BudgetTime       Cause = "budget_time"
	TrapRedirectLoop Cause = "trap_redirect_loop"

	Partial     Cause = "partial"
	LowQuality  Cause = "low_quality" // judged on exact bytes only
	TooSmall    Cause = "too_small"
	Flat        Cause = "flat"
	NotAPicture Cause = "not_a_picture"
	Unsupported Cause = "unsupported"
	Damaged     Cause = "damaged"

	Encrypted    Cause = "encrypted"
	BadPath      Cause = "bad_path"
	BadEntry     Cause = "bad_entry" // link, device
	CRCMismatch  Cause = "crc_mismatch"
	Split        Cause = "split" // a volume is missing
	RangeIgnored Cause = "range_ignored"
	RangeLies    Cause = "range_lies"
	Sampled      Cause = "sampled" // by setting
)

// Class says whose a cause is.
type Class string

// The classes of causes. Only ClassSeen counts as content.
const (
	ClassSeen       Class = "seen"
	ClassOurs       Class = "ours" // no site is blamed
	ClassOnion      Class = "onion"
	ClassConnection Class = "connection"
	ClassHTTP       Class = "http"
	ClassPolicy     Class = "policy"
	ClassLimit      Class = "limit"
	ClassBudget     Class = "budget"
	ClassPicture    Class = "picture"
	ClassContainer  Class = "container"
)

// classes is the closed list.
func classes() []struct {
	class  Class
	causes []Cause
} {
	return []struct {
		class  Class
		causes []Cause
	}{
		{ClassSeen, []Cause{OK, Unchanged}},
		{ClassOurs, []Cause{TorDown, TorFailed, Stopped}},
		{ClassOnion, []Cause{OnionNotFound, OnionBadDescriptor, OnionIntroFailed, OnionRendezvousFailed,
			OnionAuthMissing, OnionAuthWrong, OnionBadAddress, OnionIntroTimeout}},
		{ClassConnection, []Cause{PortClosed, ExitFailed, TimeoutConnect, TimeoutHeader, TimeoutFetch,
			TooSlow, ConnectionLost, TLSFailed}},
		{ClassHTTP, []Cause{HTTP403, HTTP404, HTTP410, HTTP429, HTTP4xx, HTTP5xx, BrokenHTTP}},
		{ClassPolicy, []Cause{RefusedLocal, RefusedScheme, RefusedPort, RefusedScope, RefusedClearnet, RefusedURL}},
		{ClassLimit, []Cause{LimitHeader, LimitPage, LimitLinks, LimitURL, LimitDepth, LimitRedirects, LimitBytes,
			LimitPixels, LimitSide, LimitFrames, LimitTime, LimitRatio, LimitMemory, LimitMembers, LimitTotal, LimitNesting, LimitWindow}},
		{ClassBudget, []Cause{BudgetPages, BudgetBytes, BudgetTime, TrapRedirectLoop}},
		{ClassPicture, []Cause{Partial, LowQuality, TooSmall, Flat, NotAPicture, Unsupported, Damaged}},
		{ClassContainer, []Cause{Encrypted, BadPath, BadEntry, CRCMismatch, Split, RangeIgnored, RangeLies, Sampled}},
	}
}

// Causes is the closed list of causes.
func Causes() []Cause {
	var all []Cause
	for _, c := range classes() {
		all = append(all, c.causes...)
	}
	return all
}

// Class returns the class of c, or "" when c is not on the list.
func (c Cause) Class() Class {
	for _, row := range classes() {
		if slices.Contains(row.causes, c) {
			return row.class
		}
	}
	return ""
}
