package main

import (
	"reflect"
	"slices"
	"time"

	"leakwatch/internal/alert"
)

// section is one table of the config.
type section struct {
	name    string // "" is the top of the file
	shape   shape
	meaning string
	keys    []key
}

// shape says how often a table may stand.
type shape int

const (
	oneTable    shape = iota // [name]
	listTables               // [[name]]
	namedTables              // [name.NAME]
)

// key is one line of the manual: config check, config show, config example and
// the defaults all go by it. Its type is that of the struct's field.
type key struct {
	name     string
	meaning  string // what it means and in which unit; lines of at most 76 bytes
	sample   string // a value as TOML, for hints
	required bool   // the example shows the sample, for there is no default
	check    check  // nil: any value of the type
	restart  bool   // a change needs a restart; all others hold from a reload on
	secret   bool   // config show hides what follows the host
}

// schema is the manual, in the order of config.example.toml.
func schema() []section {
	return slices.Concat(groundSections(), []section{crawlSection(), siteSection(), pictureSection(), containerSection()}, sightSections(), []section{notifySection()})
}

func groundSections() []section {
	return []section{
		{
			name:    "",
			meaning: "leakwatch: configuration. `leakwatch config check` reports every mistake at\nonce, with line and column. Durations are texts like \"90s\", \"15m\", \"1h\",\n\"7d\"; sizes are \"512B\", \"64KiB\", \"8MiB\", \"50GiB\", \"1TiB\". A relative path\ncounts from the folder of this file. Secrets never stand here: they come\nfrom files. Each value shown is the default; what does not differ from it\nmay be left out.",
			keys: []key{
				{name: "include", meaning: "Further files with sites, channels or tables, as in [\"sites.d/*.toml\"]. A key\nthat is set in two files is a mistake.", check: each(notEmpty)},
			},
		},
		{
			name:    "state",
			meaning: "Where the memory lies.",
			keys: []key{
				{name: "dir", restart: true, meaning: "Folder of the stores: state.db, hashes.db, crawl.db, seen.db. Owned by the\nuser of the daemon, 0700. If it is not the default, the socket for the\ncommand line lies in it too.", check: notEmpty},
				{name: "max_size", restart: true, meaning: "The most that each store may take on disk; bytes.", check: sizes(mib, 16*tib)},
			},
		},
		{
			name:    "log",
			meaning: "What is logged, always to standard error.",
			keys: []key{
				{name: "level", meaning: "debug, info, warn or error.", check: oneOf("debug", "info", "warn", "error")},
				{name: "format", restart: true, meaning: "auto, json or text. auto is text: with the priorities of the journal under\nsystemd, short on a terminal, with full times elsewhere.", check: oneOf("auto", "json", "text")},
			},
		},
		{
			name:    "tor",
			meaning: "The only way out. Names are passed to Tor unresolved, each site has circuits\nof its own, and where Tor does not answer nothing is sent.",
			keys: []key{
				{name: "socks", restart: true, meaning: "SOCKS address of Tor: \"IP:PORT\" or \"unix:/path\".", check: socksAddress},
				{name: "connect_timeout", restart: true, meaning: "How long a connection through Tor may take to stand; duration.", check: durations(time.Second, time.Hour)},
				{name: "first_contacts", restart: true, meaning: "How many onions may be contacted for the first time at once, after a start\nor a pause; count.", check: between(1, 1024)},
			},
		},
	}
}

func pictureSection() section {
	return section{
		name:    "picture",
		meaning: "What one picture may cost. Beyond a limit it is not looked at, and coverage\nsays so with the limit as the cause.",
		keys: []key{
			{name: "max_bytes", meaning: "Size of a picture file; bytes.", check: sizes(kib, 2*gib)},
			{name: "max_pixels", meaning: "Width times height; pixels.", check: between(1024, 2_000_000_000)},
			{name: "max_pixels_jpeg", meaning: "The same for JPEG, which is read in strips and needs less memory; pixels.", check: between(1024, 2_000_000_000)},
			{name: "max_side", meaning: "Longest side; pixels.", check: between(32, 1<<20)},
			{name: "max_frames", meaning: "Frames of an animation, or pages, that are looked at: an even sample; count.", check: between(1, 1000)},
			{name: "max_time", meaning: "Time to decode one picture; duration.", check: durations(time.Second, time.Hour)},
		},
	}
}

func containerSection() section {
	return section{
		name:    "container",
		meaning: "What one archive or document may cost, all that is in it included. Beyond a\nlimit it is not looked at further, and coverage says so with the limit as the\ncause. Nothing of it is written to the disk.",
		keys: []key{
			{name: "max_depth", meaning: "Containers in containers that are opened; count.", check: between(1, 16)},
			{name: "max_members", meaning: "Members of one container and of those inside; count.", check: between(1, 100_000_000)},
			{name: "max_total", meaning: "What may come out of one container; bytes.", check: sizes(mib, 1024*tib)},
			{name: "max_ratio", meaning: "How many times larger than packed it may become, after the first 16 MiB.", check: between(1, 1_000_000)},
			{name: "max_window", meaning: "Dictionary that a packed member may ask for; bytes.", check: sizes(mib, 4*gib)},
			{name: "memory", meaning: "What one container may hold in memory at once; bytes.", check: sizes(16*mib, 64*gib)},
			{name: "sample_members", meaning: "archives = \"sample\" of a site: how many pictures are looked at; count.", check: between(1, 1_000_000)},
			{name: "sample_bytes", meaning: "The same: how much of them is fetched; bytes.", check: sizes(64*kib, 1024*gib)},
		},
	}
}

func sightSections() []section {
	return []section{
		{
			name:    "match",
			meaning: "How near is near. Distances count differing bits of two 256-bit PDQ hashes.",
			keys: []key{
				{name: "max_distance", meaning: "Search radius: nothing farther is a hit; it caps copy_distance; bits.", check: between(0, 256)},
				{name: "copy_distance", meaning: "Up to here the verdict may be \"copy\", which raises an alert; bits.", check: between(0, 256)},
				{name: "window_distance", meaning: "The same for a window of an entry, where the set was hashed with --detail\nwindows or keypoints; bits.", check: between(0, 256)},
				{name: "min_lead", meaning: "How much nearer the best entry must be than the next one of another ref, or\na copy is only weak; bits.", check: between(0, 256)},
				{name: "phash_max_distance", meaning: "Search radius for entries that have a 64-bit pHash and no PDQ; bits.", check: between(0, 64)},
				{name: "min_quality", meaning: "PDQ quality, 0-100, under which only the very same bytes count.", check: between(0, 100)},
				{name: "deep", meaning: "Where no hash is near, search by keypoints, in sets hashed with\n--detail keypoints: it finds small crops and turns. Takes 11 KB\nof memory an entry and some 0.1 s a picture; not for sets of more than 20,000\nentries."},
			},
		},
		{
			name:    "web",
			meaning: "API, /metrics, /-/healthy and /-/ready.",
			keys: []key{
				{name: "listen", restart: true, meaning: "IP:PORT to serve on, or \"\" for the local socket alone. Another address\nthan loopback needs public_url: a proxy in front that speaks TLS.", check: listenAddress},
				{name: "public_url", sample: `"https://leakwatch.example.org"`, meaning: "Where people reach it, as in \"https://leakwatch.example.org\": says that a\nproxy which speaks TLS stands in front of listen.", check: publicURL},
			},
		},
	}
}

func crawlSection() section {
	return section{
		name:    "crawl",
		meaning: "Bounds of every visit. Being cut off by one is an outcome with a cause, never\nsilence.",
		keys: []key{
			{name: "workers", restart: true, meaning: "How many links are visited at once, over all sites; count.", check: between(1, 4096)},
			{name: "fetch_timeout", meaning: "One visit, from the request to the last byte; duration.", check: durations(time.Second, 24*time.Hour)},
			{name: "header_timeout", restart: true, meaning: "Until the first byte of the answer; duration.", check: durations(time.Second, time.Hour)},
			{name: "min_rate", meaning: "The least a site must send per second after the first 30 seconds; bytes.", check: sizes(0, gib)},
			{name: "max_redirects", meaning: "Redirects followed in a row; count.", check: between(0, 20)},
			{name: "max_header", restart: true, meaning: "Header of an answer; bytes.", check: sizes(kib, 16*mib)},
			{name: "max_url", meaning: "Length of a URL; bytes.", check: between(64, 65536)},
			{name: "max_page", meaning: "A page after decompression; bytes.", check: sizes(kib, gib)},
			{name: "max_links", meaning: "Links taken from one page; count.", check: between(1, 10_000_000)},
			{name: "max_listing", meaning: "A listing of files, or a text that is no page (CSV, JSON, SQL), after\ndecompression; bytes.", check: sizes(kib, 2*gib)},
			{name: "max_listing_links", meaning: "Links taken from one listing of files; count.", check: between(1, 10_000_000)},
			{name: "max_ratio", meaning: "How many times larger than sent a body may become by decompression.", check: between(1, 1_000_000)},
			{name: "drop_params", meaning: "Query parameters that do not change a page and are cut from URLs; a * at\nthe end stands for any ending.", check: each(dropParam)},
		},
	}
}

func siteSection() section {
	return section{
		name:    "site",
		shape:   listTables,
		meaning: "A place to watch. Write one [[site]] table for each, here or in an included\nfile; name and seeds are required. To begin, remove the # of three lines.",
		keys: []key{
			{name: "name", required: true, sample: `"some-forum"`, meaning: "What alerts, logs and commands call it: up to 64 of a-z 0-9 . _ -", check: shortName},
			{name: "kind", meaning: "web: pages and the pictures on them.", check: oneOf("web")},
			{name: "seeds", required: true, sample: `["http://exampleforleakwatchonlythereisnosuchonionsitexxxxxx4cfqd.onion/"]`, meaning: "URLs that a round starts from."},
			{name: "clearnet", meaning: "Allow names outside .onion for this site; they too are reached only through\nTor."},
			{name: "scope", meaning: "host: all of the hosts of the seeds. path: only what lies below the seeds.", check: oneOf("host", "path")},
			{name: "include", meaning: "Regular expressions (RE2) of URLs that belong to the site besides, as in\n['^http://other[.]onion/copy/']."},
			{name: "exclude", meaning: "Regular expressions (RE2) of URLs never to visit, as in ['[?&]do=logout'].\nSingle quotes keep backslashes."},
			{name: "embed_hosts", meaning: "Other hosts that may serve the pictures of its pages, as in\n[\"images.example.org\"].", check: each(hostName)},
			{name: "within", meaning: "CSS selector, as in \"main, .posts\": only the links inside of what it matches\nare followed; pictures are taken from the whole page. Where it matches\nnothing, every link is followed.", check: selector},
			{name: "archives", meaning: "Of its archives and documents. list: names and sizes alone are read, where a\nformat has a directory. sample: besides, some of the pictures, spread evenly.\nall: everything, in slices that a restart goes on with.", check: oneOf(archiveWords...)},
			{name: "tags", meaning: "Words of your own, shown by site show.", check: each(tag)},
			{name: "interval", meaning: "The least time between two visits of a link; duration, at least \"1s\".", check: durations(time.Second, maxDuration)},
			{name: "max_interval", meaning: "The most, for links that never change; duration. Never less than interval.", check: durations(time.Second, maxDuration)},
			{name: "delay", meaning: "Rest of a host between two requests; duration. The rest is the longer of\nthis and three times the last fetch; \"0s\" turns all pacing off.", check: durations(0, 24*time.Hour)},
			{name: "parallel", meaning: "Requests to one host at a time; count.", check: between(1, 256)},
			{name: "depth", meaning: "How many links away from a seed a page may be; pictures of an allowed page do\nnot count.", check: between(0, 1_000_000)},
			{name: "max_pages", meaning: "Budget of one round; pages.", check: between(1, 1_000_000_000)},
			{name: "max_bytes", meaning: "Budget of one round; bytes.", check: sizes(kib, 1024*tib)},
			{name: "max_time", meaning: "Budget of one round; duration.", check: durations(time.Second, maxDuration)},
		},
	}
}

func notifySection() section {
	return section{
		name:    "notify",
		shape:   namedTables,
		meaning: "A way to tell people: [notify.NAME], as many as you like. A message holds no\npicture and no list of refs. It is sent at least once, with the same\nidempotency key on each try.",
		keys: []key{
			{name: "kind", required: true, sample: `"webhook"`, meaning: "webhook, command or file; without it NAME.", check: oneOf(channelKinds...)},
			{name: "url", required: true, secret: true, sample: `"https://hooks.example.org/leakwatch"`, meaning: "webhook: where to POST, signed per Standard Webhooks; through Tor, unless\ndirect = true."},
			{name: "secret_file", required: true, sample: `"webhook.secret"`, meaning: "webhook: file with the signing secret. A bare name is looked up in\n$CREDENTIALS_DIRECTORY (LoadCredential= of the unit)."},
			{name: "argv", sample: `["/usr/local/bin/tell-people"]`, meaning: "command: program and arguments, as in [\"/usr/local/bin/tell-people\"]; the\nmessage comes on its standard input as JSON.", check: each(noNUL)},
			{name: "path", sample: `"/var/lib/leakwatch/notices.jsonl"`, meaning: "file: JSON Lines are appended to it, as in \"notices.jsonl\".", check: noNUL},
			{name: "sets", meaning: "Only alerts of these hash sets; [] is all.", check: each(notEmpty)},
			{name: "sites", meaning: "Only what concerns these sites; [] is all."},
			{name: "verdicts", meaning: "Only alerts with one of these verdicts: exact, copy,\nmanifest, selector, kin; [] is all.", check: each(oneOf(alert.Verdicts()...))},
			{name: "events", meaning: "Only these: alert, site_blind, site_seen_again, tor_down, tor_back,\nstore_nearly_full, dead_letter; [] is all.", check: each(oneOf(alert.Events()...))},
			{name: "direct", meaning: "webhook: connect to address instead of through Tor, for a receiver on this\nmachine or network. The host of url then serves TLS and the Host header only."},
			{name: "address", meaning: "webhook with direct = true: \"IP:PORT\" or \"unix:/path\".", check: directAddress},
		},
	}
}

var archiveWords = []string{"list", "sample", "all"}

var channelKinds = []string{"webhook", "command", "file"}

// field returns the field of a struct that a key names, by its toml tag.
func field(owner any, name string) reflect.Value {
	value := reflect.ValueOf(owner).Elem()
	for i := range value.NumField() {
		if value.Type().Field(i).Tag.Get("toml") == name {
			return value.Field(i)
		}
	}
	panic("unreachable: no field for key " + name)
}

// find returns the key of a name.
func (s section) find(name string) (key, bool) {
	for _, k := range s.keys {
		if k.name == name {
			return k, true
		}
	}
	return key{}, false
}
