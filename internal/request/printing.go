package request

import (
	"context"
	"fmt"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/document"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/store"
)

// MaxPrint is how many applications are printed with one press at the most.
const MaxPrint = 1000

// printChunk is how many are printed in one transaction.
const printChunk = 50

// Printing is many applications printed with one press.
type Printing struct {
	PublicID string
	Done     int // printed or left as they were
	Total    int
	Pages    int // certificates among them, which Stack prints
	Failed   []PrintFailure
}

// Finished tells whether nothing is left to do.
func (p Printing) Finished() bool { return p.Done == p.Total }

// PrintFailure is an application that was left as it was, with the sentence that says why.
type PrintFailure struct {
	Application string `db:"application"` // public id
	Message     string `db:"failure"`
}

// PrintMany is Print for up to MaxPrint applications of the person's offices. Up to 50 are
// printed at once, more by a job in chunks. What cannot be printed is a PrintFailure and
// stops nothing.
func (e *Engine) PrintMany(ctx context.Context, tx *store.Tx, who identity.Person, ids []string) (Printing, error) {
	if units, all := offices(who); len(units) == 0 && !all {
		return Printing{}, identity.ErrForbidden
	}
	if len(ids) == 0 || len(ids) > MaxPrint {
		return Printing{}, errs.New(errs.Invalid, fmt.Sprintf("先勾选要打印的申请，一次最多 %d 份。", MaxPrint))
	}
	id := store.NewPublicID()
	if err := insertPrinting(ctx, tx, id, who.ID, ids); err != nil {
		return Printing{}, fmt.Errorf("write printing: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "application.print_many", "print_batch/"+id, map[string]any{"applications": len(ids)}); err != nil {
		return Printing{}, err
	}
	if len(ids) > printChunk {
		return Printing{PublicID: id, Total: len(ids)}, job.Put(ctx, tx, PrintJob, id, "school", tx.Now(), nil)
	}
	if err := e.printChunk(ctx, tx, who, id); err != nil {
		return Printing{}, err
	}
	return e.PrintingOf(ctx, tx, who, id)
}

// printOn prints the next chunk, as the person is now.
func (e *Engine) printOn(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	p, err := selectPrinting(ctx, tx, j.Key)
	if err != nil {
		return job.Result{}, fmt.Errorf("load printing: %w", err)
	}
	who, err := identity.Get(ctx, tx, p.Person)
	if err != nil {
		return job.Result{}, err
	}
	if err := e.printChunk(ctx, tx, who, j.Key); err != nil {
		return job.Result{}, err
	}
	done := min(p.Done+printChunk, p.Total)
	return job.Result{Again: done < p.Total, Done: done, Total: p.Total}, nil
}

func (e *Engine) printChunk(ctx context.Context, tx *store.Tx, who identity.Person, id string) error {
	items, err := nextPrints(ctx, tx, id, printChunk)
	if err != nil {
		return fmt.Errorf("load what is to be printed: %w", err)
	}
	for _, i := range items {
		err := tx.Try(ctx, func() error { return e.print(ctx, tx, who, i.Application) })
		if err != nil && errs.KindOf(err) == errs.Internal {
			return err
		}
		failure := ""
		if err != nil {
			failure = errs.MessageOf(err)
		}
		if err := endPrint(ctx, tx, i, failure); err != nil {
			return fmt.Errorf("write what was printed: %w", err)
		}
	}
	return nil
}

// PrintingOf returns how far it is, to whoever began it.
func (e *Engine) PrintingOf(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Printing, error) {
	row, err := printingOf(ctx, tx, who, publicID)
	if err != nil {
		return Printing{}, err
	}
	p := Printing{PublicID: publicID, Done: row.Done, Total: row.Total, Pages: row.Pages}
	if p.Failed, err = failedPrints(ctx, tx, row.ID); err != nil {
		return Printing{}, fmt.Errorf("load failures: %w", err)
	}
	return p, nil
}

func printingOf(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (printingRow, error) {
	row, err := selectPrinting(ctx, tx, publicID)
	if store.Missing(err) || err == nil && row.Person != who.ID {
		return row, ErrNotYours
	}
	if err != nil {
		return row, fmt.Errorf("load printing: %w", err)
	}
	return row, nil
}

// Stack are the certificates of a Printing, to be printed after the transaction.
type Stack struct {
	press *document.Press
	pages []document.Certificate
}

// Stack returns them to whoever began it and still works at the office they are of; what
// was revoked since is left out. The reading is audited.
func (e *Engine) Stack(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Stack, error) {
	row, err := printingOf(ctx, tx, who, publicID)
	if err != nil {
		return Stack{}, err
	}
	units, all := offices(who)
	sheets, err := printedSheets(ctx, tx, row.ID, units, all)
	if err != nil {
		return Stack{}, fmt.Errorf("load certificates: %w", err)
	}
	if len(sheets) == 0 {
		return Stack{}, errs.New(errs.NotFound, "这一批里没有可以打印的证明。")
	}
	s := Stack{press: e.Press}
	for _, sheet := range sheets {
		s.pages = append(s.pages, sheet.page(e.verifyURL(sheet)))
	}
	return s, audit.Append(ctx, tx, int64(who.ID), "application.print_stack", "print_batch/"+publicID, map[string]any{"pages": len(sheets)})
}

// PDF is all of them, a page each.
func (s Stack) PDF() ([]byte, error) { return s.press.Certificates("证明", s.pages) }
