package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/notify"
	"leakwatch/internal/picture"
	"leakwatch/internal/tor"
)

// What each room needs of the config.

func torOptions(cfg Config, log *slog.Logger) tor.Options {
	return tor.Options{
		Socks: cfg.Tor.Socks, ConnectTimeout: time.Duration(cfg.Tor.ConnectTimeout), FirstContacts: cfg.Tor.FirstContacts,
		HeaderTimeout: time.Duration(cfg.Crawl.HeaderTimeout), MaxHeader: int64(cfg.Crawl.MaxHeader), Log: log,
	}
}

func matchOptions(cfg Config, log *slog.Logger) match.Options {
	m := cfg.Match
	return match.Options{
		MaxDistance: m.MaxDistance, CopyDistance: m.CopyDistance, WindowDistance: m.WindowDistance, MinLead: m.MinLead, Deep: m.Deep,
		PHashMaxDistance: m.PHashMaxDistance, MinQuality: m.MinQuality, Log: log,
	}
}

func inspectRules(cfg Config) inspect.Rules {
	p, c := cfg.Picture, cfg.Container
	return inspect.Rules{
		MinQuality: cfg.Match.MinQuality,
		Containers: container.Limits{
			Depth: c.MaxDepth, Members: c.MaxMembers, Total: int64(c.MaxTotal), Ratio: c.MaxRatio, Window: int64(c.MaxWindow), Memory: int64(c.Memory),
		},
		SampleMembers: c.SampleMembers, SampleBytes: int64(c.SampleBytes),
		Limits: picture.Limits{
			Bytes: int64(p.MaxBytes), Pixels: int64(p.MaxPixels), PixelsJPEG: int64(p.MaxPixelsJPEG),
			Side: p.MaxSide, Frames: p.MaxFrames, Time: time.Duration(p.MaxTime),
		},
	}
}

func (h *house) crawlerOptions(cfg Config) crawler.Options {
	o, c := crawler.DefaultOptions(), cfg.Crawl
	o.Workers, o.FetchTimeout, o.MinRate = c.Workers, time.Duration(c.FetchTimeout), int64(c.MinRate)
	o.MaxRedirects, o.MaxURL, o.MaxPage = c.MaxRedirects, c.MaxURL, int64(c.MaxPage)
	o.MaxPicture, o.MaxLinks, o.MaxRatio, o.DropParams = int64(cfg.Picture.MaxBytes), c.MaxLinks, c.MaxRatio, c.DropParams
	o.MaxListing, o.MaxEntries = int64(c.MaxListing), c.MaxListingLinks
	o.Transport, o.TorUp, o.Check, o.Sniff = h.tor.Transport, h.tor.Up, tor.Check, picture.Sniff
	o.Holds, o.TextSight = container.Sniff, h.inspect.TextSight
	o.Inspector, o.Sight, o.Teller, o.Log = h.inspect, h.inspect.Sight, tell{h.alerts}, h.log
	return o
}

func siteConfigs(cfg Config) []crawler.SiteConfig {
	var sites []crawler.SiteConfig
	for _, s := range cfg.Sites {
		sites = append(sites, crawler.SiteConfig{
			Name: s.Name, Kind: s.Kind, Origin: "config", Seeds: s.Seeds, Clearnet: s.Clearnet, Scope: s.Scope,
			Include: regexps(s.Include), Exclude: regexps(s.Exclude), EmbedHosts: s.EmbedHosts, Within: s.Within, Archives: s.Archives, Tags: s.Tags,
			Interval: time.Duration(s.Interval), MaxInterval: time.Duration(s.MaxInterval), Delay: time.Duration(s.Delay),
			Parallel: s.Parallel, Depth: s.Depth, MaxPages: s.MaxPages, MaxBytes: int64(s.MaxBytes), MaxTime: time.Duration(s.MaxTime),
		})
	}
	return sites
}

// channels builds the ways to people. Secrets are read here, from files.
func (h *house) channels(cfg Config) ([]notify.Channel, error) {
	var out []notify.Channel
	for _, c := range cfg.Notify {
		sender, err := h.sender(c)
		if err != nil {
			return nil, fail(exitConfig, "", fmt.Errorf("notify.%s: %w", c.Name, err))
		}
		out = append(out, notify.Channel{
			Channel: alert.Channel{Name: c.Name, Sets: c.Sets, Sites: c.Sites, Verdicts: c.Verdicts, Events: c.Events},
			Sender:  sender,
		})
	}
	return out, nil
}

func (h *house) sender(c ChannelConfig) (notify.Sender, error) {
	switch c.Kind {
	case "command":
		return notify.NewCommand(c.Argv)
	case "file":
		return notify.NewFile(c.Path)
	}
	secret, err := os.ReadFile(c.SecretFile)
	if err != nil {
		return nil, err
	}
	way, err := h.way(c)
	if err != nil {
		return nil, err
	}
	return notify.NewWebhook(c.URL, secret, way)
}

// way is how a webhook is reached: through Tor, or where the operator says so
// at the one address given.
func (h *house) way(c ChannelConfig) (http.RoundTripper, error) {
	if c.Direct {
		return tor.Direct(c.Address)
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	// Sites have no capitals: none shares its circuits with a channel.
	return h.tor.Transport(tor.Site{Name: "Notify." + c.Name, Channel: true, Clearnet: true, Ports: portsOf(u)}), nil
}

// portsOf is the port that an address names, which its site may then use.
func portsOf(u *url.URL) []int {
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return nil
	}
	return []int{port}
}
