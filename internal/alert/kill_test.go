package alert_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/kv"
)

// raiseEnv makes the test binary raise alerts in the store that it names until
// it is killed, and print ACK with the name of the picture after each return.
const raiseEnv = "ALERT_TEST_RAISE"

func TestMain(m *testing.M) {
	if path := os.Getenv(raiseEnv); path != "" {
		fmt.Println(raiseForEver(path, os.Getenv("ALERT_TEST_ROUND")))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func raiseForEver(path, round string) error {
	db, err := kv.Open(path, kv.Options{})
	if err != nil {
		return err
	}
	a, err := alert.Open(db, alert.Options{})
	if err != nil {
		return err
	}
	if err := a.SetChannels([]alert.Channel{{Name: "desk"}}); err != nil {
		return err
	}
	fmt.Println("READY")
	var wg sync.WaitGroup
	failed := make(chan error, 1)
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%s-%d-%d", round, w, i)
				if err := a.Raise(context.Background(), []alert.Report{report(fmt.Sprint("site", i%7), "s", name)}); err != nil {
					failed <- err
					return
				}
				fmt.Println("ACK", fmt.Sprint("site", i%7), name)
			}
		})
	}
	return <-failed
}

// killed runs a child that raises, kills it at a random moment and returns what
// it acknowledged: site and picture.
func killed(t *testing.T, path string, round int) (acked [][2]string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), raiseEnv+"="+path, fmt.Sprint("ALERT_TEST_ROUND=", round))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word := strings.Fields(lines.Text())
		switch {
		case len(word) == 1 && word[0] == "READY":
			time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond, func() { cmd.Process.Kill() })
		case len(word) == 3 && word[0] == "ACK":
			acked = append(acked, [2]string{word[1], word[2]})
		default:
			t.Errorf("round %d: the child said %q", round, lines.Text())
		}
	}
	_ = cmd.Wait() // it was killed
	return acked
}

// What Raise returned for outlives a kill -9 at any moment, once.
func TestKilledAtRandomMomentsLosesNothing(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	path := filepath.Join(t.TempDir(), "state.db")
	var acked [][2]string
	for round := range rounds {
		acked = append(acked, killed(t, path, round)...)
	}
	if len(acked) < rounds {
		t.Fatalf("only %d alerts were acknowledged in %d rounds", len(acked), rounds)
	}
	if err := kv.Check(path); err != nil {
		t.Errorf("after %d kills: %v", rounds, err)
	}
	r := &room{t: t, path: path}
	r.enter()
	defer r.db.Close()
	times := map[[2]string]int{}
	alerts := r.list(alert.Filter{})
	for _, a := range alerts {
		total := 0
		for _, f := range all(t, r.Findings(context.Background(), a.ID)) {
			total++
			times[[2]string{a.Site, f.SHA256}]++
		}
		if total != a.Findings {
			t.Errorf("alert %s counts %d findings and holds %d", a.ID, a.Findings, total)
		}
	}
	for _, one := range acked {
		if n := times[[2]string{one[0], sum(one[1])}]; n != 1 {
			t.Errorf("acknowledged picture %s of %s is there %d times, want once", one[1], one[0], n)
		}
	}
	opened := map[string]int{}
	for _, n := range r.drain("desk") {
		if n.Reason == "new" {
			opened[n.Alert]++
		}
	}
	for _, a := range alerts {
		if opened[a.ID] != 1 {
			t.Errorf("alert %s of %s has %d notices of its opening, want 1", a.ID, a.Site, opened[a.ID])
		}
	}
	t.Logf("%d acknowledged in %d rounds, %d alerts", len(acked), rounds, len(alerts))
}
