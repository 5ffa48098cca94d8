package main

import (
	"regexp"
	"time"
)

// Config is everything an operator can set. Its keys, meanings and limits
// stand in one table (config_schema.go), its defaults in defaultConfig; the
// file config.example.toml is printed from both.
type Config struct {
	Include   []string        `toml:"include"`
	State     StateConfig     `toml:"state"`
	Log       LogConfig       `toml:"log"`
	Tor       TorConfig       `toml:"tor"`
	Crawl     CrawlConfig     `toml:"crawl"`
	Sites     []SiteConfig    `toml:"site"`
	Picture   PictureConfig   `toml:"picture"`
	Container ContainerConfig `toml:"container"`
	Match     MatchConfig     `toml:"match"`
	Web       WebConfig       `toml:"web"`
	Notify    []ChannelConfig `toml:"notify"` // in the order of the files

	folder  string            // of the main file: relative paths count from here
	origins map[string]origin // path of a key => where it was set
}

// StateConfig says where our memory lies.
type StateConfig struct {
	Dir     string `toml:"dir"`
	MaxSize Size   `toml:"max_size"`
}

// LogConfig says what is logged and how.
type LogConfig struct {
	Level  string `toml:"level"`
	Format string `toml:"format"`
}

// TorConfig is the way out.
type TorConfig struct {
	Socks          string   `toml:"socks"`
	ConnectTimeout Duration `toml:"connect_timeout"`
	FirstContacts  int      `toml:"first_contacts"`
}

// CrawlConfig bounds every visit of every site.
type CrawlConfig struct {
	Workers       int      `toml:"workers"`
	FetchTimeout  Duration `toml:"fetch_timeout"`
	HeaderTimeout Duration `toml:"header_timeout"`
	MinRate       Size     `toml:"min_rate"`
	MaxRedirects  int      `toml:"max_redirects"`
	MaxHeader     Size     `toml:"max_header"`
	MaxURL        int      `toml:"max_url"`
	MaxPage       Size     `toml:"max_page"`
	MaxLinks      int      `toml:"max_links"`

	MaxListing      Size `toml:"max_listing"`
	MaxListingLinks int  `toml:"max_listing_links"`

	MaxRatio   int      `toml:"max_ratio"`
	DropParams []string `toml:"drop_params"`
}

// SiteConfig is one place to watch.
type SiteConfig struct {
	Name       string    `toml:"name"`
	Kind       string    `toml:"kind"`
	Seeds      []string  `toml:"seeds"`
	Clearnet   bool      `toml:"clearnet"`
	Scope      string    `toml:"scope"`
	Include    []Pattern `toml:"include"`
	Exclude    []Pattern `toml:"exclude"`
	EmbedHosts []string  `toml:"embed_hosts"`
	Within     string    `toml:"within"`
	Archives   string    `toml:"archives"`
	Tags       []string  `toml:"tags"`

	Interval    Duration `toml:"interval"`
	MaxInterval Duration `toml:"max_interval"`
	Delay       Duration `toml:"delay"`
	Parallel    int      `toml:"parallel"`
	Depth       int      `toml:"depth"`

	MaxPages int      `toml:"max_pages"`
	MaxBytes Size     `toml:"max_bytes"`
	MaxTime  Duration `toml:"max_time"`
}

// PictureConfig bounds what a picture may cost.
type PictureConfig struct {
	MaxBytes      Size     `toml:"max_bytes"`
	MaxPixels     int      `toml:"max_pixels"`
	MaxPixelsJPEG int      `toml:"max_pixels_jpeg"`
	MaxSide       int      `toml:"max_side"`
	MaxFrames     int      `toml:"max_frames"`
	MaxTime       Duration `toml:"max_time"`
}

// ContainerConfig bounds what an archive or a document may cost.
type ContainerConfig struct {
	MaxDepth      int  `toml:"max_depth"`
	MaxMembers    int  `toml:"max_members"`
	MaxTotal      Size `toml:"max_total"`
	MaxRatio      int  `toml:"max_ratio"`
	MaxWindow     Size `toml:"max_window"`
	Memory        Size `toml:"memory"`
	SampleMembers int  `toml:"sample_members"`
	SampleBytes   Size `toml:"sample_bytes"`
}

// MatchConfig says how near is near.
type MatchConfig struct {
	MaxDistance      int  `toml:"max_distance"`
	CopyDistance     int  `toml:"copy_distance"`
	WindowDistance   int  `toml:"window_distance"`
	MinLead          int  `toml:"min_lead"`
	PHashMaxDistance int  `toml:"phash_max_distance"`
	MinQuality       int  `toml:"min_quality"`
	Deep             bool `toml:"deep"`
}

// WebConfig says where the desk, the metrics and the health pages are served.
type WebConfig struct {
	Listen    string `toml:"listen"`
	PublicURL string `toml:"public_url"`
}

// ChannelConfig is one way to tell people.
type ChannelConfig struct {
	Name       string   `toml:"-"` // of the table: [notify.NAME]
	Kind       string   `toml:"kind"`
	URL        string   `toml:"url"`
	SecretFile string   `toml:"secret_file"`
	Argv       []string `toml:"argv"`
	Path       string   `toml:"path"`
	Sets       []string `toml:"sets"`
	Sites      []string `toml:"sites"`
	Verdicts   []string `toml:"verdicts"`
	Events     []string `toml:"events"`
	Direct     bool     `toml:"direct"`
	Address    string   `toml:"address"`
}

// defaultConfig is what holds where the operator says nothing.
func defaultConfig() Config {
	return Config{
		State: StateConfig{Dir: "/var/lib/leakwatch", MaxSize: 50 * gib},
		Log:   LogConfig{Level: "info", Format: "auto"},
		Tor: TorConfig{
			Socks:          "127.0.0.1:9050",
			ConnectTimeout: seconds(90),
			FirstContacts:  8,
		},
		Crawl: CrawlConfig{
			Workers:       64,
			FetchTimeout:  seconds(120),
			HeaderTimeout: seconds(60),
			MinRate:       512,
			MaxRedirects:  5,
			MaxHeader:     64 * kib,
			MaxURL:        2048,
			MaxPage:       8 * mib,
			MaxLinks:      10_000,

			MaxListing:      64 * mib,
			MaxListingLinks: 200_000,

			MaxRatio: 200,
			DropParams: []string{"utm_*", "PHPSESSID", "JSESSIONID", "ASPSESSIONID*",
				"sid", "fbclid", "gclid"},
		},
		Picture: PictureConfig{
			MaxBytes:      32 * mib,
			MaxPixels:     40_000_000,
			MaxPixelsJPEG: 268_000_000,
			MaxSide:       20_000,
			MaxFrames:     16,
			MaxTime:       seconds(10),
		},
		Container: ContainerConfig{
			MaxDepth:      3,
			MaxMembers:    1_000_000,
			MaxTotal:      tib,
			MaxRatio:      200,
			MaxWindow:     64 * mib,
			Memory:        256 * mib,
			SampleMembers: 200,
			SampleBytes:   16 * mib,
		},
		Match: MatchConfig{MaxDistance: 63, CopyDistance: 45, WindowDistance: 39, MinLead: 10, PHashMaxDistance: 4, MinQuality: 50},
		Web:   WebConfig{Listen: "127.0.0.1:8480"},
	}
}

// defaultSite is what holds where a [[site]] says nothing.
func defaultSite() SiteConfig {
	return SiteConfig{
		Kind:        "web",
		Scope:       "host",
		Archives:    "sample",
		Interval:    Duration(time.Hour),
		MaxInterval: Duration(7 * 24 * time.Hour),
		Delay:       seconds(2),
		Parallel:    1,
		Depth:       5,
		MaxPages:    5000,
		MaxBytes:    2 * gib,
		MaxTime:     Duration(6 * time.Hour),
	}
}

func seconds(n int) Duration { return Duration(time.Duration(n) * time.Second) }

// regexps returns the compiled patterns of a list.
func regexps(patterns []Pattern) []*regexp.Regexp {
	compiled := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		compiled[i] = p.Regexp
	}
	return compiled
}
