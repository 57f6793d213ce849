package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/xuegong/xuegong/internal/errs"
)

// Schema is the JSON Schema (2020-12) of what the API takes for the form. What the school
// knows or works out itself is not taken; a read-only field takes a dispute.
func (f Form) Schema() map[string]any {
	s := object(f.Fields)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return s
}

func object(fields []Field) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fields {
		if f.Kind == Computed {
			continue
		}
		p := f.schema()
		p["title"] = f.Label
		if f.Help != "" {
			p["description"] = f.Help
		}
		properties[f.Name] = p
		if f.Required && f.If == nil && !f.ReadOnly {
			required = append(required, f.Name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func (f Field) schema() map[string]any {
	if f.ReadOnly {
		dispute := map[string]any{"type": "string", "maxLength": maxDispute}
		return map[string]any{"type": "object", "properties": map[string]any{"dispute": dispute}, "additionalProperties": false}
	}
	switch f.Kind {
	case Choice:
		return f.choiceSchema()
	case Choices:
		return map[string]any{"type": "array", "items": f.choiceSchema(), "uniqueItems": true, "maxItems": f.count(f.Max, maxCount(f.Kind))}
	case Photo, File:
		id := map[string]any{"type": "string", "pattern": uploadID.String()}
		return map[string]any{"type": "array", "items": id, "uniqueItems": true, "maxItems": f.count(f.Max, maxCount(f.Kind))}
	case Date:
		return day()
	case Range:
		return map[string]any{
			"type": "object", "properties": map[string]any{"from": day(), "until": day()},
			"required": []string{"from", "until"}, "additionalProperties": false,
		}
	case Integer:
		return f.integerSchema()
	case Money:
		return map[string]any{"type": "string", "pattern": yuan.String()}
	case Rows:
		return map[string]any{"type": "array", "items": object(f.Columns), "maxItems": f.maxRows()}
	case Attestation:
		return map[string]any{"const": true}
	case Region:
		return map[string]any{"type": "string", "pattern": `^\d{6}$`}
	case Person:
		return map[string]any{"type": "string", "pattern": personNumber.String()}
	default:
		return map[string]any{"type": "string", "maxLength": f.maxLength()}
	}
}

func (f Field) choiceSchema() map[string]any {
	s := map[string]any{"type": "string"}
	if f.Source == "" {
		values := make([]string, len(f.Options))
		for i, o := range f.Options {
			values[i] = o.Value
		}
		s["enum"] = values
	}
	return s
}

func (f Field) integerSchema() map[string]any {
	s := map[string]any{"type": "integer"}
	if n, err := strconv.ParseInt(f.Min, 10, 64); err == nil {
		s["minimum"] = n
	}
	if n, err := strconv.ParseInt(f.Max, 10, 64); err == nil {
		s["maximum"] = n
	}
	return s
}

func day() map[string]any { return map[string]any{"type": "string", "format": "date"} }

// FromJSON turns what the API was sent into Input, which means the same: an object by
// field names, ranges as {from, until}, rows as a list of objects. Names the form does not
// have are refused at the name.
func (f Form) FromJSON(b []byte) (Input, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber() // 12.345 and 1e3 are judged as they were written
	var body map[string]any
	if err := dec.Decode(&body); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "请求的内容不是一个 JSON 对象。")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errs.New(errs.Invalid, "请求的内容在 JSON 对象之后还有别的。")
	}
	in := Input{}
	for name, v := range body {
		if _, ok := f.Field(name); !ok {
			return nil, errs.Field(name, "表里没有这一项。")
		}
		if !flatten(in, name, v, 0) {
			return nil, errs.Field(name, "这一项的写法不对，请看接口说明。")
		}
	}
	return in, nil
}

// flatten adds v under name; false is a value no form has.
func flatten(in Input, name string, v any, depth int) bool {
	switch v := v.(type) {
	case nil:
	case string:
		in[name] = append(in[name], v)
	case json.Number:
		in[name] = append(in[name], v.String())
	case bool:
		in[name] = append(in[name], strconv.FormatBool(v))
	case []any:
		for i, item := range v {
			at := name
			if _, row := item.(map[string]any); row {
				at = name + "." + strconv.Itoa(i)
			} else if _, list := item.([]any); list {
				return false
			}
			if !flatten(in, at, item, depth+1) {
				return false
			}
		}
	case map[string]any:
		for key, item := range v {
			if depth > 3 || key == "" || strings.Contains(key, ".") || !flatten(in, name+"."+key, item, depth+1) {
				return false
			}
		}
	}
	return true
}
