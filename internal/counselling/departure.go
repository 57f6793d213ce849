package counselling

import (
	"context"
	"fmt"
	"slices"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// KindGone tells the centre that a counsellor left and who waits for another hour.
const KindGone = "counselling.gone"

// Gone is what KindGone knows.
type Gone struct {
	Counsellor string `json:"counsellor"`
	Waiting    int    `json:"waiting"` // bookings to be moved or cancelled
	Name       string `json:"name"`    // the centre's neutral name
}

// Departures closes the hours of every counsellor who left: the account was closed, the
// employment ended or the role was revoked. Whoever booked them is found in Unsettled,
// and the centre is told once. Every act that may make a counsellor leave calls it in
// its transaction; with nobody gone it changes nothing.
func Departures(ctx context.Context, tx *store.Tx) error {
	ids, err := receivingCounsellors(ctx, tx)
	if err != nil {
		return fmt.Errorf("list counsellors: %w", err)
	}
	for _, id := range ids {
		list, err := selectCounsellors(ctx, tx, "where c.public_id = $1", id)
		if err != nil {
			return fmt.Errorf("load counsellor: %w", err)
		}
		gone, err := hasLeft(ctx, tx, list[0])
		if err != nil {
			return err
		}
		if !gone {
			continue
		}
		if err := depart(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// hasLeft tells whether the counsellor does not work at the centre any more.
func hasLeft(ctx context.Context, tx *store.Tx, c Counsellor) (bool, error) {
	p, err := identity.Get(ctx, tx, c.person)
	if err != nil {
		return false, err
	}
	left, err := identity.LeftWeCom(ctx, tx, c.person)
	if err != nil {
		return false, err
	}
	return left || !p.Here() || !p.HasIn(c.centre, identity.CentreCounsellor), nil
}

func depart(ctx context.Context, tx *store.Tx, counsellor string) error {
	c, err := lockCounsellor(ctx, tx, counsellor)
	if err != nil {
		return fmt.Errorf("lock counsellor: %w", err)
	}
	if err := deactivate(ctx, tx, c.id); err != nil {
		return fmt.Errorf("close counsellor: %w", err)
	}
	change, err := plan(ctx, tx, c)
	if err != nil {
		return err
	}
	widened, err := widen(ctx, tx, c)
	if err != nil {
		return err
	}
	if err := audit.Append(ctx, tx, 0, "counsellor.gone", "counsellor/"+c.PublicID, map[string]any{
		"stay": len(change.Stay), "removed": len(change.Removed), "widened": widened,
	}); err != nil {
		return err
	}
	return announceGone(ctx, tx, c, len(change.Stay))
}

// widen lets whoever waited for the counsellor alone wait for anybody, in the same place of
// the queue, and tells them (T2): nobody waits for who does not come back.
func widen(ctx context.Context, tx *store.Tx, c Counsellor) (int, error) {
	if err := lockQueue(ctx, tx, c.centre); err != nil {
		return 0, err
	}
	ids, err := widenWaits(ctx, tx, c.id)
	if err != nil {
		return 0, fmt.Errorf("widen waits: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	waits, err := waitsByID(ctx, tx, ids)
	if err != nil {
		return 0, fmt.Errorf("load waits: %w", err)
	}
	for _, w := range waits {
		if err := announceWidened(ctx, tx, w, c); err != nil {
			return 0, err
		}
	}
	return len(waits), freed(ctx, tx, c.centre)
}

func announceGone(ctx context.Context, tx *store.Tx, c Counsellor, waiting int) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	staff, err := identity.HolderIDs(ctx, tx, c.centre, identity.CentreDesk, identity.CentreHead)
	if err != nil {
		return err
	}
	staff = slices.DeleteFunc(staff, func(id identity.ID) bool { return id == c.person })
	if len(staff) == 0 {
		return nil
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: staff, Kind: KindGone, Class: outbox.Reply, Scope: scope(c.centre), Subject: "counsellor/" + c.PublicID,
		Key: fmt.Sprintf("%s/%s/%d", KindGone, c.PublicID, tx.Now().Unix()), Args: Gone{Counsellor: c.Name, Waiting: waiting, Name: set.Name},
	})
}
