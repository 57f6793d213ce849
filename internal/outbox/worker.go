package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xuegong/xuegong/internal/alarm"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// Outgoing is what a renderer gets to make a body of.
type Outgoing struct {
	ID       int64  // of the send, counted up: what follows differs from it
	PublicID string // task id of a card, part of a link, so that every body is unique
	Kind     string
	Subject  string
	Update   bool   // the body is for update_template_card
	Code     string // response code of an update
	To       []identity.Person
	Args     json.RawMessage
}

// UserIDs returns the WeCom userids of the recipients.
func (o Outgoing) UserIDs() []string {
	ids := make([]string, len(o.To))
	for i, p := range o.To {
		ids[i] = p.UserID
	}
	return ids
}

// Render makes the body of a message. It reads in the transaction and may answer
// ErrObsolete when what it would announce is no longer true.
type Render func(ctx context.Context, tx *store.Tx, o Outgoing) (json.RawMessage, error)

// ErrObsolete says that a message need not be sent any more.
var ErrObsolete = errors.New("outbox: obsolete")

// Client is what the worker needs of WeCom.
type Client interface {
	Send(ctx context.Context, body json.RawMessage) (wecom.SendResult, error)
	UpdateCard(ctx context.Context, body json.RawMessage) (wecom.UpdateResult, error)
}

// Worker delivers.
type Worker struct {
	DB      *store.DB
	Alarm   *alarm.Alarm
	Client  Client
	Render  Render
	Log     *slog.Logger
	Calls   int // API calls at once; 0 means 32
	Observe func(kind, state string)
	Hold    func() bool // true: send nothing (after a restore, serve -hold)
	alarm.Watch

	once     sync.Once
	slots    chan struct{}
	calls    sync.WaitGroup
	outcomes chan outcome
}

// outcome is what a call came to; done is closed once it is recorded.
type outcome struct {
	send *claimed
	res  wecom.SendResult
	err  error
	done chan struct{}
}

// recorders is how many transactions record outcomes side by side.
const recorders = 2

func (w *Worker) init() {
	w.once.Do(func() {
		if w.Calls == 0 {
			w.Calls = 32
		}
		w.slots = make(chan struct{}, w.Calls)
		w.outcomes = make(chan outcome, w.Calls)
		for range recorders {
			go w.recordAll()
		}
	})
}

// Run delivers until ctx ends, then waits for the calls under way.
func (w *Worker) Run(ctx context.Context) {
	w.init()
	defer w.calls.Wait()
	w.Keep(ctx, w.popDue, w.sweepDue)
}

// popDue delivers what the alarm says is due. It pops no more than it can call at
// once, so that no claim waits for its call while the lease runs.
func (w *Worker) popDue(ctx context.Context) {
	for ctx.Err() == nil && !w.held() {
		n := w.reserve()
		ids, err := w.Alarm.Pop(ctx, Queue, w.DB.Clock().Now(), n)
		if err != nil || len(ids) == 0 {
			w.release(n)
			return // the sweep finds in the diary what Redis cannot say
		}
		w.release(n - len(ids))
		w.take(ctx, ids, len(ids))
	}
}

// sweepDue renews what has grown old and delivers what the diary says is due, whatever
// Redis remembers.
func (w *Worker) sweepDue(ctx context.Context) {
	if !w.held() {
		w.renewOld(ctx)
	}
	for ctx.Err() == nil && !w.held() && w.takeDue(ctx) > 0 {
	}
}

func (w *Worker) takeDue(ctx context.Context) int { return w.take(ctx, nil, w.reserve()) }

// reserve waits for one free call and takes as many as are free with it.
func (w *Worker) reserve() int {
	w.slots <- struct{}{}
	for n := 1; n < w.Calls; n++ {
		select {
		case w.slots <- struct{}{}:
		default:
			return n
		}
	}
	return w.Calls
}

func (w *Worker) release(n int) {
	for range n {
		<-w.slots
	}
}

// Drain delivers what is due now, including what waited behind it, and returns when
// the calls are done.
func (w *Worker) Drain(ctx context.Context) {
	w.init()
	w.renewOld(ctx)
	for ctx.Err() == nil && w.takeDue(ctx) > 0 {
		w.calls.Wait()
	}
}

func (w *Worker) held() bool { return w.Hold != nil && w.Hold() }

// take claims up to n sends, for which n calls are reserved, and starts the calls. It
// returns how many it claimed.
func (w *Worker) take(ctx context.Context, ids []int64, n int) int {
	sends, claimed, err := w.claimAndRender(context.WithoutCancel(ctx), ids, n)
	if err != nil {
		w.Log.Error("outbox", slog.Any("error", err))
		sends, claimed = nil, 0
	}
	w.release(n - len(sends))
	for _, s := range sends {
		w.calls.Go(func() { w.deliver(context.WithoutCancel(ctx), s) })
	}
	return claimed
}

// claimAndRender commits the rendered bodies of a batch; only what it returns is called.
func (w *Worker) claimAndRender(ctx context.Context, only []int64, limit int) (ready []*claimed, n int, err error) {
	err = w.DB.Update(ctx, func(tx *store.Tx) error {
		ready, n = nil, 0
		sends, err := claim(ctx, tx, only, limit)
		if err != nil {
			return fmt.Errorf("claim sends: %w", err)
		}
		n = len(sends)
		var bodies [][]byte
		for _, s := range sends {
			callable, err := w.prepare(ctx, tx, s)
			if err != nil {
				return err
			}
			if !callable {
				continue
			}
			ready = append(ready, s)
			bodies = append(bodies, tx.Keys().Seal(bodyPlace(s.PublicID), s.Body))
		}
		if len(ready) == 0 {
			return nil
		}
		return keepClaims(ctx, tx, ready, bodies)
	})
	if bad, ok := errors.AsType[*renderError](err); ok && store.Refused(bad.err) {
		if err := w.DB.Update(ctx, func(tx *store.Tx) error { return w.unrenderable(ctx, tx, bad.send, bad.err) }); err != nil {
			return nil, 0, err
		}
		return w.claimAndRender(ctx, only, limit)
	}
	return ready, n, err
}

// unclearFor is how long a send whose outcome is unknown may be repeated: as long as
// WeCom's duplicate check remembers every body.
const unclearFor = wecom.MinDuplicateCheck * time.Second

// prepare decides whether a claimed send is to be called now and makes its body.
func (w *Worker) prepare(ctx context.Context, tx *store.Tx, s *claimed) (bool, error) {
	switch {
	case s.NotAfter.Valid && tx.Now().After(s.NotAfter.Time):
		return false, w.end(ctx, tx, s, "dead", 0, "too late")
	case s.UnclearAt.Valid && tx.Now().Sub(s.UnclearAt.Time) > unclearFor:
		return false, w.end(ctx, tx, s, "dead", 0, "unclear for three hours")
	}
	if s.Body != nil {
		return w.prepareAgain(ctx, tx, s)
	}
	s.To = slices.DeleteFunc(s.To, func(r recipient) bool { return r.UserID == "" })
	if len(s.To) == 0 {
		return false, w.end(ctx, tx, s, "refused", 0, "no account")
	}
	if s.API == "update" {
		if ok, err := w.chooseCode(ctx, tx, s); !ok || err != nil {
			return false, err
		}
	}
	if s.Decision {
		if ok, err := w.joinSummaries(ctx, tx, s); !ok || err != nil {
			return false, err
		}
	}
	return w.render(ctx, tx, s)
}

// prepareAgain repeats the bytes of the first attempt.
func (w *Worker) prepareAgain(ctx context.Context, tx *store.Tx, s *claimed) (ok bool, err error) {
	if s.Body, err = tx.Keys().Unseal(bodyPlace(s.PublicID), s.Body); err != nil {
		return false, w.unreadable(ctx, tx, s, err)
	}
	if s.API == "update" {
		return w.codeOfRetry(ctx, tx, s)
	}
	return true, nil
}

// unreadable ends a send whose text no key opens: it must not hold up the others.
func (w *Worker) unreadable(ctx context.Context, tx *store.Tx, s *claimed, err error) error {
	w.Log.Error("unreadable message", slog.String("kind", s.Kind), slog.Int64("send", s.ID), slog.Any("error", err))
	return w.end(ctx, tx, s, "dead", 0, "unreadable")
}

func (w *Worker) render(ctx context.Context, tx *store.Tx, s *claimed) (bool, error) {
	args, err := tx.Keys().Unseal(argsPlace(s.PublicID), s.Args)
	if err != nil {
		return false, w.unreadable(ctx, tx, s, err)
	}
	o := Outgoing{ID: s.ID, PublicID: s.PublicID, Kind: s.Kind, Subject: s.Subject, Update: s.API == "update", Code: s.Code, Args: args}
	for _, r := range s.To {
		o.To = append(o.To, r.person())
	}
	s.Body, err = w.Render(ctx, tx, o)
	switch {
	case errors.Is(err, ErrObsolete):
		return false, w.end(ctx, tx, s, "cancelled", 0, "obsolete")
	case store.Broken(err): // the transaction is lost with it
		return false, &renderError{send: s, err: err}
	case err != nil:
		return false, w.unrenderable(ctx, tx, s, err)
	}
	return true, nil
}

func (w *Worker) unrenderable(ctx context.Context, tx *store.Tx, s *claimed, err error) error {
	w.Log.Error("render", slog.String("kind", s.Kind), slog.Int64("send", s.ID), slog.Any("error", err))
	return w.end(ctx, tx, s, "dead", 0, "could not be rendered")
}

// renderError is a query of a renderer that PostgreSQL refused: it takes the whole
// batch with it, so its send is ended alone and the batch is tried again.
type renderError struct {
	send *claimed
	err  error
}

func (e *renderError) Error() string { return "render " + e.send.Kind + ": " + e.err.Error() }
func (e *renderError) Unwrap() error { return e.err }

// chooseCode takes the freshest code that can still change the card and spends it.
func (w *Worker) chooseCode(ctx context.Context, tx *store.Tx, s *claimed) (bool, error) {
	c, err := usableCode(ctx, tx, s.Updates.Int64)
	if err != nil {
		return false, err
	}
	switch {
	case c.State == "waiting": // the card itself is still on its way
		return false, waitAgain(ctx, tx, s.ID, tx.Now().Add(time.Second))
	case c.PressCode.Valid:
		s.Code, s.Pressed = c.PressCode.String, true
	case c.ResponseCode.Valid:
		s.Code = c.ResponseCode.String
	default:
		return false, w.tellByText(ctx, tx, s)
	}
	return true, spendCode(ctx, tx, s.Updates.Int64, s.Pressed)
}

// codeOfRetry lets an update whose outcome is unknown be repeated with the same
// bytes; its code was spent before the first attempt.
func (w *Worker) codeOfRetry(ctx context.Context, tx *store.Tx, s *claimed) (bool, error) {
	if s.UnclearAt.Valid || s.Attempts > 1 {
		return true, nil
	}
	return w.chooseCode(ctx, tx, s)
}

// tellByText gives the holders of a card that cannot be changed any more its result as words.
func (w *Worker) tellByText(ctx context.Context, tx *store.Tx, s *claimed) error {
	args, err := tx.Keys().Unseal(argsPlace(s.PublicID), s.Args)
	if err != nil {
		return w.unreadable(ctx, tx, s, err)
	}
	to := make([]identity.ID, len(s.To))
	for i, r := range s.To {
		to[i] = r.Person
	}
	if err := w.end(ctx, tx, s, "refused", wecom.CodeResponseCode, "no response code left"); err != nil {
		return err
	}
	return Put(ctx, tx, Message{
		To: to, Kind: s.Kind, Class: Reply, Scope: "school", Subject: s.Subject,
		Key: "result/" + s.PublicID, Args: json.RawMessage(args),
	})
}

// callTime bounds one call with its quick repeats; the rest of the lease is for recording it.
const callTime = lease - 5*time.Second

// deliver calls WeCom and records what became of it. The next call may begin while the
// outcome is being recorded; no more outcomes wait for it than calls are allowed.
func (w *Worker) deliver(ctx context.Context, s *claimed) {
	o := outcome{send: s, done: make(chan struct{})}
	func() {
		defer w.release(1)
		o.res, o.err = w.call(ctx, s)
		w.outcomes <- o
	}()
	<-o.done
}

func (w *Worker) call(ctx context.Context, s *claimed) (res wecom.SendResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if s.API == "update" {
		_, err = w.Client.UpdateCard(ctx, s.Body)
		return res, err
	}
	return w.Client.Send(ctx, s.Body)
}

// recordAll records what calls came to, whoever is waiting together in one transaction.
// It lives as long as the process: a call under way at shutdown is still recorded.
func (w *Worker) recordAll() {
	for first := range w.outcomes {
		group := []outcome{first}
		for len(group) < cap(w.outcomes) {
			select {
			case o := <-w.outcomes:
				group = append(group, o)
				continue
			default:
			}
			break
		}
		w.recordGroup(group)
		for _, o := range group {
			close(o.done)
		}
	}
}

// recordGroup records a group at once and, should that fail, one by one. What cannot be
// recorded is repeated with the same bytes when its lease ends.
func (w *Worker) recordGroup(group []outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := w.DB.Update(ctx, func(tx *store.Tx) error {
		var sent []outcome
		for _, o := range group {
			if plainlySent(o) {
				sent = append(sent, o)
				continue
			}
			if err := w.record(ctx, tx, o.send, o.res, o.err); err != nil {
				return err
			}
		}
		return w.recordSentAll(ctx, tx, sent)
	})
	switch {
	case err != nil && len(group) > 1:
		for _, o := range group {
			w.recordGroup([]outcome{o})
		}
	case err != nil:
		w.Log.Error("record send", slog.Int64("send", group[0].send.ID), slog.Any("error", err))
	}
}

// plainlySent is the common case: a message that reached everybody.
func plainlySent(o outcome) bool {
	return o.err == nil && o.send.API == "message" && len(o.res.Invalid) == 0 && len(o.res.Unlicensed) == 0
}

// recordSentAll is recordSent for many.
func (w *Worker) recordSentAll(ctx context.Context, tx *store.Tx, sent []outcome) error {
	if len(sent) == 0 {
		return nil
	}
	if err := finishSent(ctx, tx, sent, tx.Now().Add(codeLife)); err != nil {
		return fmt.Errorf("end sends: %w", err)
	}
	ids := make([]int64, len(sent))
	for i, o := range sent {
		ids[i] = o.send.ID
		if w.Observe != nil {
			tx.AfterCommit(func() { w.Observe(o.send.Kind, "sent") })
		}
	}
	return w.ringNext(ctx, tx, ids)
}

// ringNext rings for what the recipients of ended sends have waiting behind them.
func (w *Worker) ringNext(ctx context.Context, tx *store.Tx, ended []int64) error {
	ids, err := next(ctx, tx, ended)
	if err != nil {
		return fmt.Errorf("ring for next: %w", err)
	}
	for _, id := range ids {
		tx.Announce(store.Due{Queue: Queue, ID: id, At: tx.Now()})
	}
	return nil
}

// record writes the outcome of a call, by what errcodes.md says to do about it.
func (w *Worker) record(ctx context.Context, tx *store.Tx, s *claimed, res wecom.SendResult, err error) error {
	code := wecom.CodeOf(err)
	if err == nil || code == wecom.CodeTaskIDUsed && s.Attempts > 1 {
		return w.recordSent(ctx, tx, s, res)
	}
	w.Log.Warn("send failed", slog.String("kind", s.Kind), slog.Int64("send", s.ID), slog.Int("attempt", s.Attempts), slog.Any("error", err))
	reason := string(wecom.ActionOf(err))
	switch wecom.ActionOf(err) {
	case wecom.ActionUnclear:
		return w.later(ctx, tx, s, backoff(s.Attempts), code, reason, true)
	case wecom.ActionRetry, wecom.ActionToken:
		return w.later(ctx, tx, s, backoff(s.Attempts), code, reason, false)
	case wecom.ActionWait:
		return w.later(ctx, tx, s, untilOf(err, tx.Now()), code, reason, false)
	case wecom.ActionConfig:
		return w.later(ctx, tx, s, max(time.Minute, backoff(s.Attempts)), code, reason, false)
	case wecom.ActionFinal:
		if s.API == "update" {
			return w.otherCode(ctx, tx, s)
		}
		return w.end(ctx, tx, s, "refused", code, reason)
	case wecom.ActionDrop:
		return w.end(ctx, tx, s, "refused", code, reason)
	default:
		return w.end(ctx, tx, s, "dead", code, reason)
	}
}

func (w *Worker) recordSent(ctx context.Context, tx *store.Tx, s *claimed, res wecom.SendResult) error {
	if s.API == "message" {
		if err := keepReceipt(ctx, tx, s.ID, res.MsgID, res.ResponseCode, tx.Now().Add(codeLife)); err != nil {
			return err
		}
	}
	var gone []int64
	for _, r := range s.To {
		if slices.ContainsFunc(slices.Concat(res.Invalid, res.Unlicensed), func(u string) bool { return strings.EqualFold(u, r.UserID) }) {
			gone = append(gone, int64(r.Person))
		}
	}
	return w.endFor(ctx, tx, s, "sent", 0, "", gone)
}

// otherCode goes on with the code that is left, or with words.
func (w *Worker) otherCode(ctx context.Context, tx *store.Tx, s *claimed) error {
	if s.UnclearAt.Valid { // an earlier attempt that got no answer has spent it: the card shows the result
		return w.end(ctx, tx, s, "sent", 0, "")
	}
	ok, err := w.chooseCode(ctx, tx, s)
	if err != nil || !ok {
		return err
	}
	if ok, err = w.render(ctx, tx, s); err != nil || !ok {
		return err
	}
	if err := keepBody(ctx, tx, s.ID, tx.Keys().Seal(bodyPlace(s.PublicID), s.Body)); err != nil {
		return err
	}
	return w.later(ctx, tx, s, 0, wecom.CodeResponseCode, "code was used", false)
}

// giveUpAfter is how many attempts a send gets: with the waits between them, a day.
const giveUpAfter = 100

func (w *Worker) later(ctx context.Context, tx *store.Tx, s *claimed, wait time.Duration, code int, reason string, unclear bool) error {
	if s.Attempts >= giveUpAfter {
		return w.end(ctx, tx, s, "dead", code, reason)
	}
	at := tx.Now().Add(wait)
	if s.NotAfter.Valid && at.After(s.NotAfter.Time) {
		return w.end(ctx, tx, s, "dead", code, "too late")
	}
	tx.Announce(store.Due{Queue: Queue, ID: s.ID, At: at})
	return postpone(ctx, tx, s.ID, at, code, reason, unclear)
}

func (w *Worker) end(ctx context.Context, tx *store.Tx, s *claimed, state string, code int, reason string) error {
	return w.endFor(ctx, tx, s, state, code, reason, nil)
}

// endFor ends a send and rings for what its recipients have waiting behind it.
func (w *Worker) endFor(ctx context.Context, tx *store.Tx, s *claimed, state string, code int, reason string, gone []int64) error {
	if err := finish(ctx, tx, s.ID, state, code, reason, gone); err != nil {
		return fmt.Errorf("end send: %w", err)
	}
	if w.Observe != nil {
		tx.AfterCommit(func() { w.Observe(s.Kind, state) })
	}
	return w.ringNext(ctx, tx, []int64{s.ID})
}

// untilOf is how long WeCom wants the API left alone, a minute if it does not say.
func untilOf(err error, now time.Time) time.Duration {
	if e, ok := errors.AsType[*wecom.APIError](err); ok && e.Until.After(now) {
		return e.Until.Sub(now)
	}
	return time.Minute
}

// backoff is the wait before the attempt after n: 1 s, 2 s, 4 s … 15 min.
func backoff(n int) time.Duration {
	return min(time.Second<<min(max(n-1, 0), 10), 15*time.Minute)
}
