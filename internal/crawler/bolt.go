package crawler

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"leakwatch/internal/kv"
)

// The buckets of crawl.db. Numbers are big-endian, times are milliseconds, and
// each value begins with the version of its encoding.
//
//	sites   name                                     => siteRecord, JSON
//	hosts   name                                     => hostRecord
//	links   site(4) linkKey(16)                      => link
//	due     site(4) host(4) lane(1) due(6) linkKey(16) => nothing
//	ledger  site(4) slot(4)                          => tally
//	lines   site(4) seen(6) linkKey(16)              => what a visit did not open
//	spans   site(4) from(8) cause                    => to(8), 0 while it lasts
//	notes   name                                     => number(8)
const (
	bucketSites  = "sites"
	bucketHosts  = "hosts"
	bucketLinks  = "links"
	bucketDue    = "due"
	bucketLedger = "ledger"
	bucketLines  = "lines"
	bucketSpans  = "spans"
	bucketNotes  = "notes"

	recordVersion = 1
)

// Schema is the schema of crawl.db that this room knows.
const Schema = 2

// Migrations lead older stores to Schema, one step each. What version 1 wrote
// of links and of the ledger is read as it is, and written anew when it changes.
func Migrations() []func(*kv.Tx) error {
	return []func(*kv.Tx) error{func(tx *kv.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte(bucketLines))
		return err
	}}
}

// boltMemory is the memory in a bbolt file.
type boltMemory struct{ db *kv.DB }

func openMemory(db *kv.DB) (boltMemory, error) {
	err := db.Update(func(tx *kv.Tx) error {
		for _, name := range []string{bucketSites, bucketHosts, bucketLinks, bucketDue, bucketLedger, bucketLines, bucketSpans, bucketNotes} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	return boltMemory{db}, err
}

func (m boltMemory) view(fn func(records) error) error {
	return m.db.View(func(tx *kv.Tx) error { return fn(boltRecords{tx}) })
}

func (m boltMemory) update(fn func(records) error) error {
	return m.db.Batch(func(tx *kv.Tx) error { return fn(boltRecords{tx}) })
}

type boltRecords struct{ tx *kv.Tx }

func (r boltRecords) bucket(name string) *kv.Bucket { return r.tx.Bucket([]byte(name)) }

func corrupt(bucket string, key []byte) error {
	return fmt.Errorf("%s %x: %w", bucket, key, errCorrupt)
}

func readSite(name, value []byte) (siteRecord, error) {
	s := siteRecord{}
	if len(value) == 0 || value[0] != recordVersion {
		return s, corrupt(bucketSites, name)
	}
	if err := json.Unmarshal(value[1:], &s); err != nil {
		return s, fmt.Errorf("site %s: %w: %v", name, errCorrupt, err)
	}
	s.Name = string(name)
	if s.Causes == nil {
		s.Causes = map[Cause]int{}
	}
	return s, nil
}

func (r boltRecords) site(name string) (siteRecord, bool, error) {
	v := r.bucket(bucketSites).Get([]byte(name))
	if v == nil {
		return siteRecord{}, false, nil
	}
	s, err := readSite([]byte(name), v)
	return s, err == nil, err
}

func (r boltRecords) putSite(s *siteRecord) error {
	b := r.bucket(bucketSites)
	if s.ID == 0 {
		id, err := b.NextSequence()
		if err != nil {
			return err
		}
		s.ID = uint32(id)
	}
	s.Rev++
	value, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return b.Put([]byte(s.Name), append([]byte{recordVersion}, value...))
}

func readHost(name, value []byte) (hostRecord, error) {
	r := kv.Reader{Rest: value}
	if r.Byte() != recordVersion {
		return hostRecord{}, corrupt(bucketHosts, name)
	}
	h := hostRecord{Name: string(name), ID: uint32(r.Uvarint()), Rest: int64(r.Uvarint()), Retry: int64(r.Uvarint()), Last: int64(r.Uvarint()), Fails: int(r.Uvarint())}
	if r.Bad || len(r.Rest) > 0 {
		return hostRecord{}, corrupt(bucketHosts, name)
	}
	return h, nil
}

func (r boltRecords) host(name string) (hostRecord, bool, error) {
	v := r.bucket(bucketHosts).Get([]byte(name))
	if v == nil {
		return hostRecord{}, false, nil
	}
	h, err := readHost([]byte(name), v)
	return h, err == nil, err
}

func (r boltRecords) hosts(fn func(hostRecord) error) error {
	return r.bucket(bucketHosts).ForEach(func(k, v []byte) error {
		h, err := readHost(k, v)
		if err != nil {
			return err
		}
		return fn(h)
	})
}

func (r boltRecords) putHost(h *hostRecord) error {
	b := r.bucket(bucketHosts)
	if h.ID == 0 {
		id, err := b.NextSequence()
		if err != nil {
			return err
		}
		h.ID = uint32(id)
	}
	v := []byte{recordVersion}
	for _, n := range []uint64{uint64(h.ID), uint64(h.Rest), uint64(h.Retry), uint64(h.Last), uint64(h.Fails)} {
		v = binary.AppendUvarint(v, n)
	}
	return b.Put([]byte(h.Name), v)
}

func idKey(ids ...uint32) []byte {
	k := make([]byte, 0, 40)
	for _, id := range ids {
		k = binary.BigEndian.AppendUint32(k, id)
	}
	return k
}

func linkRecordKey(site uint32, k linkKey) []byte { return append(idKey(site), k[:]...) }

func dueKey(l *link) []byte {
	return append(appendDue(append(idKey(l.site, l.host), byte(l.lane)), l.due), l.key[:]...)
}

// appendDue packs a time into six bytes: enough for 8,900 years.
func appendDue(b []byte, due int64) []byte {
	return append(b, byte(due>>40), byte(due>>32), byte(due>>24), byte(due>>16), byte(due>>8), byte(due))
}

func (r boltRecords) link(site uint32, k linkKey) (link, bool, error) {
	key := linkRecordKey(site, k)
	v := r.bucket(bucketLinks).Get(key)
	if v == nil {
		return link{}, false, nil
	}
	l, err := decodeLink(site, k, v)
	if err != nil {
		return l, false, corrupt(bucketLinks, key)
	}
	return l, true, nil
}

func (r boltRecords) putLink(old *link, l *link) error {
	due := r.bucket(bucketDue)
	due.FillPercent = 0.9 // mostly appended to
	if key := dueKey(l); old == nil || !bytes.Equal(dueKey(old), key) {
		if old != nil {
			if err := due.Delete(dueKey(old)); err != nil {
				return err
			}
		}
		if err := due.Put(key, nil); err != nil {
			return err
		}
	}
	links := r.bucket(bucketLinks)
	links.FillPercent = 0.75 // a page of links lies together: half-full leaves would stay so
	return links.Put(linkRecordKey(l.site, l.key), l.encode())
}

func (r boltRecords) links(site uint32, after linkKey, fn func(link) bool) error {
	prefix, from := idKey(site), linkRecordKey(site, after)
	c := r.bucket(bucketLinks).Cursor()
	k, v := c.Seek(from)
	if bytes.Equal(k, from) {
		k, v = c.Next()
	}
	for ; bytes.HasPrefix(k, prefix); k, v = c.Next() {
		l, err := decodeLink(site, linkKey(k[4:]), v)
		if err != nil {
			return corrupt(bucketLinks, k)
		}
		if !fn(l) {
			return nil
		}
	}
	return nil
}

func (r boltRecords) queues(site uint32, fn func(host uint32) error) error {
	prefix := idKey(site)
	c := r.bucket(bucketDue).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); {
		host := binary.BigEndian.Uint32(k[4:])
		if err := fn(host); err != nil {
			return err
		}
		if host == 1<<32-1 {
			return nil
		}
		k, _ = c.Seek(idKey(site, host+1))
	}
	return nil
}

func (r boltRecords) queued(site, host uint32, in lane, from int64, fn func(due int64, k linkKey) bool) error {
	prefix := append(idKey(site, host), byte(in))
	c := r.bucket(bucketDue).Cursor()
	for k, _ := c.Seek(appendDue(slices.Clip(prefix), from)); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		if len(k) != 31 {
			return corrupt(bucketDue, k)
		}
		var due [8]byte
		copy(due[2:], k[9:15])
		if !fn(int64(binary.BigEndian.Uint64(due[:])), linkKey(k[15:])) {
			return nil
		}
	}
	return nil
}

func (r boltRecords) tally(site, slot uint32) (tally, error) {
	v := r.bucket(bucketLedger).Get(idKey(site, slot))
	if v == nil {
		return tally{}, nil
	}
	return decodeTally(v)
}

func (r boltRecords) putTally(site, slot uint32, t *tally) error {
	return r.bucket(bucketLedger).Put(idKey(site, slot), t.encode())
}

func (r boltRecords) tallies(site, from, to uint32, fn func(slot uint32, t tally) error) error {
	prefix := idKey(site)
	c := r.bucket(bucketLedger).Cursor()
	for k, v := c.Seek(idKey(site, from)); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		slot := binary.BigEndian.Uint32(k[4:])
		if slot >= to {
			return nil
		}
		t, err := decodeTally(v)
		if err != nil {
			return corrupt(bucketLedger, k)
		}
		if err := fn(slot, t); err != nil {
			return err
		}
	}
	return nil
}

func (r boltRecords) putSpan(site uint32, s span) error {
	k := binary.BigEndian.AppendUint64(idKey(site), uint64(s.from))
	v := binary.BigEndian.AppendUint64([]byte{recordVersion}, uint64(s.to))
	return r.bucket(bucketSpans).Put(append(k, s.cause...), v)
}

func (r boltRecords) spans(site uint32, fn func(span) error) error {
	prefix := idKey(site)
	c := r.bucket(bucketSpans).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if len(k) < 12 || len(v) != 9 || v[0] != recordVersion {
			return corrupt(bucketSpans, k)
		}
		s := span{int64(binary.BigEndian.Uint64(k[4:])), int64(binary.BigEndian.Uint64(v[1:])), string(k[12:])}
		if err := fn(s); err != nil {
			return err
		}
	}
	return nil
}

func (r boltRecords) note(name string) (int64, error) {
	v := r.bucket(bucketNotes).Get([]byte(name))
	switch {
	case v == nil:
		return 0, nil
	case len(v) != 9 || v[0] != recordVersion:
		return 0, corrupt(bucketNotes, []byte(name))
	}
	return int64(binary.BigEndian.Uint64(v[1:])), nil
}

func (r boltRecords) putNote(name string, n int64) error {
	return r.bucket(bucketNotes).Put([]byte(name), binary.BigEndian.AppendUint64([]byte{recordVersion}, uint64(n)))
}
