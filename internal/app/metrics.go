package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// metrics is what the process counts. No label holds anything of a person.
type metrics struct {
	registry  *prometheus.Registry
	callbacks *prometheus.CounterVec
	acts      *prometheus.HistogramVec
	sends     *prometheus.CounterVec
	calls     *prometheus.HistogramVec
}

func newMetrics() *metrics {
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		callbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "xuegong_callbacks_total",
			Help: "Callbacks received, by outcome: kept, forged, stale, oversized, malformed, unkept.",
		}, []string{"outcome"}),
		acts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "xuegong_act_seconds",
			Help: "Time to act on a kept callback, by outcome.", Buckets: buckets,
		}, []string{"outcome"}),
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "xuegong_sends_total",
			Help: "Messages ended, by kind and state.",
		}, []string{"kind", "state"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "xuegong_wecom_seconds",
			Help: "Calls to WeCom, by API and errcode.", Buckets: buckets,
		}, []string{"api", "code"}),
	}
	m.registry.MustRegister(m.callbacks, m.acts, m.sends, m.calls,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, outcome := range []string{"kept", "forged", "stale", "oversized", "malformed", "unkept"} {
		m.callbacks.WithLabelValues(outcome)
	}
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) callback(outcome string) { m.callbacks.WithLabelValues(outcome).Inc() }

func (m *metrics) act(outcome string, d time.Duration) {
	m.acts.WithLabelValues(outcome).Observe(d.Seconds())
}

func (m *metrics) sent(kind, state string) { m.sends.WithLabelValues(kind, state).Inc() }

func (m *metrics) call(api string, code int, d time.Duration) {
	m.calls.WithLabelValues(api, strconv.Itoa(code)).Observe(d.Seconds())
}

// watch adds what is read from the database at each scrape.
func (m *metrics) watch(db *store.DB) {
	gauge := func(name, help string, read func(ctx context.Context, tx *store.Tx) (int, error)) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			n := -1 // the database does not answer
			_ = db.View(ctx, func(tx *store.Tx) (err error) {
				n, err = read(ctx, tx)
				return err
			})
			return float64(n)
		}))
	}
	gauge("xuegong_inbox_waiting", "Kept callbacks due and not done.", inbox.Waiting)
	gauge("xuegong_inbox_failed", "Kept callbacks given up.", inbox.Failed)
	gauge("xuegong_sends_waiting", "Messages due and not ended.", outbox.Waiting)
	gauge("xuegong_sends_undelivered", "Messages dead or refused.", outbox.Undelivered)
	gauge("xuegong_jobs_failed", "Jobs given up.", job.Failed)
}
