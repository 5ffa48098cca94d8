package main

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// alive reports whether the crawl's scheduler moves. The watchdog is fed by it.
func (h *house) alive() bool { return time.Since(h.crawler.Progress()) < time.Minute }

// missing says what keeps the daemon from its work, or "".
func (h *house) missing() string {
	_, err := h.due(context.Background())
	switch {
	case err != nil:
		return "the store cannot be read"
	case !h.alive():
		return "the crawl makes no progress"
	case h.crawler.Stats().Paused:
		return "tor does not answer: the crawl is paused"
	}
	return ""
}

// due counts the links that are due now; it asks the store.
func (h *house) due(ctx context.Context) (int, error) {
	sites, err := h.crawler.Sites(ctx)
	n := 0
	for _, s := range sites {
		n += s.Due
	}
	return n, err
}

// metrics returns a registry of our own. No address, name of a site or hash is
// a label.
func (h *house) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), houseMetrics{h, describe()})
	return r
}

// houseMetrics asks the rooms at each scrape: nothing is counted twice.
type houseMetrics struct {
	h    *house
	desc descriptions
}

type descriptions struct {
	visits, sites, torUp, paused, alerts, pending, dead, storeBytes, due, suppressed, quarantined, remembered, pastAsked, pastOf *prometheus.Desc
}

func describe() descriptions {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("leakwatch_"+name, help, labels, nil)
	}
	return descriptions{
		visits:     d("visits_total", "Visits since the start, by cause.", "cause"),
		sites:      d("sites", "Sites, by state.", "state"),
		torUp:      d("tor_up", "0 while our own Tor does not carry us."),
		paused:     d("crawl_paused", "1 while the crawl waits for Tor."),
		alerts:     d("alerts", "Alerts, by state.", "state"),
		pending:    d("outbox_pending", "Notices that wait for a channel.", "channel"),
		dead:       d("dead_letters_total", "Notices given up, by channel.", "channel"),
		storeBytes: d("store_bytes", "Size of a store's file.", "store"),
		due:        d("links_due", "Links that are due now."),

		remembered: d("seen_pictures", "Pictures that are remembered."),
		pastAsked:  d("past_asked", "Pictures and manifests of the past that a new or wider hash set was asked for; 0 while none is."),
		pastOf:     d("past_total", "And how many these will be."),

		suppressed:  d("hits_suppressed_total", "Hits since the start that were not raised, since a review calls such a picture a false positive."),
		quarantined: d("entries_quarantined", "Entries of hash sets that flooded and are judged on exact bytes only."),
	}
}

func (m houseMetrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

func (m houseMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	put := func(kind prometheus.ValueType, d *prometheus.Desc, v int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, float64(v), labels...)
	}
	if err := errors.Join(m.collectCrawl(ctx, put), m.collectAlerts(ctx, put), m.collectSets(put), m.collectSeen(put)); err != nil {
		m.h.log.Error("metrics", "err", err)
	}
	for name, db := range m.h.stores {
		put(prometheus.GaugeValue, m.desc.storeBytes, db.Size(), name)
	}
}

type putMetric func(kind prometheus.ValueType, d *prometheus.Desc, v int64, labels ...string)

func (m houseMetrics) collectCrawl(ctx context.Context, put putMetric) error {
	s := m.h.crawler.Stats()
	for cause, n := range s.Visits {
		put(prometheus.CounterValue, m.desc.visits, int64(n), string(cause))
	}
	put(prometheus.GaugeValue, m.desc.torUp, asInt(!s.Paused))
	put(prometheus.GaugeValue, m.desc.paused, asInt(s.Paused))
	sites, err := m.h.crawler.Sites(ctx)
	if err != nil {
		return err
	}
	due, states := 0, map[string]int64{"new": 0, "watching": 0, "blind": 0, "paused": 0}
	for _, site := range sites {
		due += site.Due
		states[site.State]++
	}
	put(prometheus.GaugeValue, m.desc.due, int64(due))
	for state, n := range states {
		put(prometheus.GaugeValue, m.desc.sites, n, state)
	}
	return nil
}

func (m houseMetrics) collectAlerts(ctx context.Context, put putMetric) error {
	tally, err := m.h.alerts.Tally(ctx)
	if err != nil {
		return err
	}
	for state, n := range tally.States {
		put(prometheus.GaugeValue, m.desc.alerts, int64(n), state)
	}
	backlogs, err := m.h.alerts.Backlogs(ctx)
	if err != nil {
		return err
	}
	for _, b := range backlogs {
		put(prometheus.GaugeValue, m.desc.pending, int64(b.Pending), b.Channel)
		put(prometheus.CounterValue, m.desc.dead, int64(b.Dead), b.Channel)
	}
	return nil
}

func (m houseMetrics) collectSets(put putMetric) error {
	put(prometheus.CounterValue, m.desc.suppressed, m.h.sets.Suppressed())
	sets, err := m.h.sets.List()
	n := 0
	for _, s := range sets {
		n += s.Quarantined
	}
	put(prometheus.GaugeValue, m.desc.quarantined, int64(n))
	return err
}

func (m houseMetrics) collectSeen(put putMetric) error {
	totals, err := m.h.seen.Totals()
	put(prometheus.GaugeValue, m.desc.remembered, int64(totals.Pictures))
	past := m.h.past.Progress()
	if len(past.Sets) == 0 {
		past.Asked, past.Of = 0, 0
	}
	put(prometheus.GaugeValue, m.desc.pastAsked, int64(past.Asked))
	put(prometheus.GaugeValue, m.desc.pastOf, int64(past.Of))
	return err
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
