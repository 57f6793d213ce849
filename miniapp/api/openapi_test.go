package api_test

import (
	"encoding/json"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/miniapp/api"
	"github.com/xuegong/xuegong/miniapp/page"
)

type document struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas    map[string]any
		Responses  map[string]any
		Parameters map[string]any
	}
}

type operation struct {
	OperationID string `json:"operationId"`
	Summary     string
	Parameters  []parameter
	Responses   map[string]any
}

type parameter struct {
	Name, In string
	Ref      string `json:"$ref"`
}

func routes() *gin.Engine {
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	api.Register((&page.Kit{}).Routes(engine.Group("/api/v1"), page.API), api.Deps{})
	return engine
}

func load(t *testing.T) (document, string) {
	t.Helper()
	engine := gin.New()
	engine.GET("/api/v1/openapi.json", api.OpenAPI)
	res := httptest.NewRecorder()
	engine.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/openapi.json", nil))
	var d document
	if err := json.Unmarshal(res.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return d, res.Body.String()
}

var ginParam = regexp.MustCompile(`:([a-z]+)`)

func TestOpenAPI_has_every_route_and_no_other(t *testing.T) {
	t.Parallel()
	d, _ := load(t)
	var described, served []string
	for path, ops := range d.Paths {
		for method := range ops {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range routes().Routes() {
		served = append(served, r.Method+" "+ginParam.ReplaceAllString(strings.TrimPrefix(r.Path, "/api/v1"), "{$1}"))
	}
	slices.Sort(described)
	slices.Sort(served)
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("served (-) and described (+):\n%s", diff)
	}
}

func TestOpenAPI_describes_each_call_fully(t *testing.T) {
	t.Parallel()
	d, text := load(t)
	ids := map[string]bool{}
	for path, ops := range d.Paths {
		for method, op := range ops {
			name := method + " " + path
			if op.OperationID == "" || op.Summary == "" || ids[op.OperationID] {
				t.Errorf("%s: operationId %q, summary %q", name, op.OperationID, op.Summary)
			}
			ids[op.OperationID] = true
			key := slices.ContainsFunc(op.Parameters, func(p parameter) bool { return strings.HasSuffix(p.Ref, "/IdempotencyKey") })
			if key != (method == "post") {
				t.Errorf("%s: every POST, and nothing else, takes an Idempotency-Key", name)
			}
			if op.Responses["401"] == nil || op.Responses["403"] == nil {
				t.Errorf("%s does not say that it is for somebody", name)
			}
		}
	}
	for _, ref := range regexp.MustCompile(`#/components/(\w+)/(\w+)`).FindAllStringSubmatch(text, -1) {
		parts := map[string]map[string]any{"schemas": d.Components.Schemas, "responses": d.Components.Responses, "parameters": d.Components.Parameters}
		if parts[ref[1]][ref[2]] == nil {
			t.Errorf("%s leads nowhere", ref[0])
		}
	}
}

func TestOpenAPI_every_list_has_pages(t *testing.T) {
	t.Parallel()
	d, text := load(t)
	var schemas struct {
		Paths map[string]struct {
			Get struct {
				Responses map[string]struct {
					Content map[string]struct{ Schema shape }
				}
			}
		}
		Components struct{ Schemas map[string]shape }
	}
	if err := json.Unmarshal([]byte(text), &schemas); err != nil {
		t.Fatal(err)
	}
	for path, ops := range schemas.Paths {
		s := ops.Get.Responses["200"].Content["application/json"].Schema
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
			s = schemas.Components.Schemas[name]
		}
		if s.Properties["items"] == nil {
			continue
		}
		refs := ""
		for _, p := range d.Paths[path]["get"].Parameters {
			refs += p.Ref + " "
		}
		if s.Properties["next"] == nil || !strings.Contains(refs, "/After") || !strings.Contains(refs, "/Limit") {
			t.Errorf("%s is a list without pages", path)
		}
	}
}

type shape struct {
	Ref        string `json:"$ref"`
	Properties map[string]any
}

func TestScope(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/api/v1/me", "me:read"},
		{"GET", "/api/v1/home", "me:read"},
		{"GET", "/api/v1/counselling/day", "counselling:read"},
		{"POST", "/api/v1/counselling/bookings", "counselling:write"},
		{"POST", "/api/v1/counselling/bookings/:booking/confirm", "counselling:write"},
	} {
		if got := api.Scope(tt.method, tt.path); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.method, tt.path, got, tt.want)
		}
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scopes []string
		needed string
		want   bool
	}{
		{[]string{"counselling:read"}, "counselling:read", true},
		{[]string{"counselling:write"}, "counselling:read", true},
		{[]string{"counselling:read"}, "counselling:write", false},
		{[]string{"me:write"}, "counselling:read", false},
		{nil, "me:read", false},
	} {
		if got := api.Grants(tt.scopes, tt.needed); got != tt.want {
			t.Errorf("%v grants %s: %v", tt.scopes, tt.needed, got)
		}
	}
}
