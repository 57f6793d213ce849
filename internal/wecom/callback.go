package wecom

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Message types (MsgType). A TypeEvent callback is told apart by Event.
const (
	TypeText     = "text"
	TypeImage    = "image"
	TypeVoice    = "voice"
	TypeVideo    = "video"
	TypeLocation = "location"
	TypeLink     = "link"
	TypeEvent    = "event"
)

// Events. Names are WeCom's, case-sensitive.
const (
	EventSubscribe       = "subscribe"   // a member came into the app's visible range
	EventUnsubscribe     = "unsubscribe" // a member left it, left the company or was disabled
	EventEnterAgent      = "enter_agent"
	EventLocation        = "LOCATION"
	EventClick           = "click"
	EventView            = "view"
	EventViewMiniprogram = "view_miniprogram"
	EventScanCodePush    = "scancode_push"
	EventScanCodeWait    = "scancode_waitmsg"
	EventSysPhoto        = "pic_sysphoto"
	EventPhotoOrAlbum    = "pic_photo_or_album"
	EventWeixinAlbum     = "pic_weixin"
	EventLocationSelect  = "location_select"
	EventBatchJob        = "batch_job_result"
	EventUploadMedia     = "upload_media_job_finish"
	EventCard            = "template_card_event"
	EventCardMenu        = "template_card_menu_event"
	EventTaskCard        = "taskcard_click" // withdrawn, old cards still send it
	EventOpenApproval    = "open_approval_change"
	EventSysApproval     = "sys_approval_change"
	EventContact         = "change_contact"
	EventSchoolContact   = "change_school_contact"
	EventModifyCalendar  = "modify_calendar"
	EventDeleteCalendar  = "delete_calendar"
	EventAddSchedule     = "add_schedule"
	EventModifySchedule  = "modify_schedule"
	EventDeleteSchedule  = "delete_schedule"
	EventRespondSchedule = "respond_schedule"
	EventWorkbenchMode   = "switch_workbench_mode"
	EventShareAgent      = "share_agent_change"
	EventShareChain      = "share_chain_change"
	EventInactiveAlert   = "inactive_alert"
	EventLowActiveAlert  = "low_active_alert"
	EventCloseInactive   = "close_inactive_agent"
	EventReopenInactive  = "reopen_inactive_agent"
	EventLowActive       = "low_active"
	EventActiveRestored  = "active_restored"
)

// System is the FromUserName of events that no person caused.
const System = "sys"

// Callback is one decrypted message or event. Only the fields of its type are set.
// Strings may share memory with each other, so keep copies if one must outlive the rest.
type Callback struct {
	Known        bool   // MsgType and Event are documented; false is no error
	MsgType      string // see the Type constants
	Event        string // see the Event constants, "" unless MsgType is event
	ToUserName   string // corp id
	FromUserName string // userid as WeCom sent it, or System
	CreateTime   int64  // Unix seconds
	MsgID        uint64 // 0 for events
	AgentID      int    // 0 for contact events; the approval app's own for sys_approval_change

	Content      string // text
	MediaID      string // image, voice, video: fetch within 3 days
	ThumbMediaID string // video
	PicURL       string // image, link
	Format       string // voice: amr, speex, …
	AppType      string // wxwork, absent in personal WeChat

	EventKey     string              // menu key, URL, page path or button key
	TaskID       string              // card events: which card
	CardType     string              // card events
	ResponseCode string              // card events: updates the card once, for 72 h
	Selected     map[string][]string // card events: question key to option ids, nil if nothing was to select
	ChangeType   string              // change_contact, change_school_contact
	ID           string              // department, or school contact
	JobID        string              // upload_media_job_finish
	CalendarID   string              // calendar and schedule events
	ScheduleID   string
	Mode         string // switch_workbench_mode: 1 custom, 0 icon
	EffectTime   int64  // inactive_alert, low_active_alert, Unix seconds

	Location *Location      // location, LOCATION, location_select
	Link     *Link          // link
	ScanCode *ScanCode      // scancode_*
	Pictures []string       // pic_*: MD5 sums of what follows as image messages
	BatchJob *BatchJob      // batch_job_result
	Approval *ApprovalInfo  // *_approval_change
	Contact  *ContactChange // change_contact
}

// At returns when WeCom made the callback, to the second.
func (c *Callback) At() time.Time { return time.Unix(c.CreateTime, 0).UTC() }

// Location is a place; Precision is in metres and only in LOCATION.
type Location struct {
	Latitude, Longitude, Precision float64
	Scale                          int
	Label, Poiname                 string
}

// Link is a shared web page.
type Link struct{ Title, Description, URL string }

// ScanCode is what the scanner of a menu button read.
type ScanCode struct {
	Type   string `xml:"ScanType"`
	Result string `xml:"ScanResult"`
}

// BatchJob is the end of an asynchronous address-book job.
type BatchJob struct {
	JobID   string `xml:"JobId"`
	JobType string `xml:"JobType"` // sync_user, replace_user, invite_user, replace_party
	ErrCode Int    `xml:"ErrCode"`
	ErrMsg  string `xml:"ErrMsg"`
}

// ApprovalInfo is the state of an approval. The engine embedded in our app fills the first
// half (open_approval_change), the approval app the second (sys_approval_change).
type ApprovalInfo struct {
	ThirdNo          string         `xml:"ThirdNo"`
	OpenSpName       string         `xml:"OpenSpName"`
	OpenTemplateID   string         `xml:"OpenTemplateId"`
	OpenSpStatus     Int            `xml:"OpenSpStatus"` // 1 running 2 passed 3 rejected 4 cancelled
	ApplyTime        Int            `xml:"ApplyTime"`    // Unix seconds, both halves
	ApplyUserName    string         `xml:"ApplyUserName"`
	ApplyUserID      string         `xml:"ApplyUserId"`
	ApplyUserParty   string         `xml:"ApplyUserParty"`
	ApplyUserImage   string         `xml:"ApplyUserImage"`
	ApprovalNodes    []ApprovalNode `xml:"ApprovalNodes>ApprovalNode"`
	NotifyNodes      []ApprovalItem `xml:"NotifyNodes>NotifyNode"`
	ApproverStep     Int            `xml:"ApproverStep"`
	SpNoStr          string         `xml:"SpNoStr"`
	SpNo             string         `xml:"SpNo"`
	SpName           string         `xml:"SpName"`
	SpStatus         Int            `xml:"SpStatus"` // 1 running 2 passed 3 rejected 4 withdrawn 6 withdrawn after pass 7 deleted 10 paid
	TemplateID       string         `xml:"TemplateId"`
	Applyer          Applyer        `xml:"Applyer"`
	SpRecord         []SpRecord     `xml:"SpRecord"`
	Notifyer         []UserRef      `xml:"Notifyer"`
	Comments         []SpComment    `xml:"Comments"`
	ProcessNodes     []SpNode       `xml:"ProcessList>NodeList"`
	StatuChangeEvent Int            `xml:"StatuChangeEvent"` // WeCom's spelling: 1 submit 2 agree 3 reject 4 transfer 5 urge 6 withdraw …
}

// ApprovalNode is one stage of the embedded engine.
type ApprovalNode struct {
	Status Int            `xml:"NodeStatus"` // 1 running 2 passed 3 rejected 4 transferred
	Attr   Int            `xml:"NodeAttr"`   // 1 any 2 all
	Type   Int            `xml:"NodeType"`   // 1 fixed 2 tag 3 superior
	Items  []ApprovalItem `xml:"Items>Item"`
}

// ApprovalItem is one person in a stage or one who is told.
type ApprovalItem struct {
	Name   string `xml:"ItemName"`
	UserID string `xml:"ItemUserId"`
	Party  string `xml:"ItemParty"`
	Image  string `xml:"ItemImage"`
	Status Int    `xml:"ItemStatus"`
	Speech string `xml:"ItemSpeech"`
	OpTime Int    `xml:"ItemOpTime"`
}

// UserRef names a member.
type UserRef struct {
	UserID string `xml:"UserId"`
}

// Applyer is who applied, in WeCom's spelling.
type Applyer struct {
	UserID string `xml:"UserId"`
	Party  string `xml:"Party"`
}

// SpRecord is one stage of the approval app.
type SpRecord struct {
	SpStatus     Int        `xml:"SpStatus"`
	ApproverAttr Int        `xml:"ApproverAttr"` // 1 any 2 all
	Details      []SpDetail `xml:"Details"`
}

// SpDetail is one approver's answer.
type SpDetail struct {
	Approver UserRef  `xml:"Approver"`
	Speech   string   `xml:"Speech"`
	SpStatus Int      `xml:"SpStatus"`
	SpTime   Int      `xml:"SpTime"`
	Attach   []string `xml:"Attach"`
}

// SpComment is a remark on an approval.
type SpComment struct {
	User    UserRef  `xml:"CommentUserInfo"`
	Time    Int      `xml:"CommentTime"`
	Content string   `xml:"CommentContent"`
	ID      string   `xml:"CommentId"`
	Attach  []string `xml:"Attach"`
}

// SpNode is one node of the approval app's process.
type SpNode struct {
	NodeType Int         `xml:"NodeType"` // 1 approver 2 cc 3 handler
	SpStatus Int         `xml:"SpStatus"`
	ApvRel   Int         `xml:"ApvRel"` // 1 all 2 any 3 in turn
	SubNodes []SpSubNode `xml:"SubNodeList"`
}

// SpSubNode is one person of a node.
type SpSubNode struct {
	User     UserRef  `xml:"UserInfo"`
	Speech   string   `xml:"Speech"`
	SpYj     Int      `xml:"SpYj"`
	Sptime   Int      `xml:"Sptime"`
	MediaIDs []string `xml:"MediaIds"`
}

// ContactChange holds what a change_contact event names; which fields depends on ChangeType,
// and since 2022-08 most come with ids only.
type ContactChange struct {
	UserID, NewUserID             string
	Name, Position, Alias, Status string
	Mobile, Telephone             string
	Email, BizMail, Gender        string
	Avatar, Address, DirectLeader string
	Department, IsLeaderInDept    string // comma lists of the same length
	MainDepartment                string
	ParentID, Order               string // create_party, update_party; the department is Callback.ID
	TagID                         string
	AddUserItems, DelUserItems    string // comma lists
	AddPartyItems, DelPartyItems  string
	ExtAttr                       []ExtAttr
}

// ExtAttr is a field that the company added to its address book.
type ExtAttr struct {
	Name string `xml:"Name"`
	Type Int    `xml:"Type"` // 0 text 1 web
	Text string `xml:"Text>Value"`
	URL  string `xml:"Web>Url"`
}

// Int is an integer as WeCom writes it in XML: bare or in CDATA, perhaps empty.
// What is no integer reads as 0, since one odd field must not lose the callback.
type Int int64

// UnmarshalText never fails.
func (n *Int) UnmarshalText(text []byte) error {
	*n = Int(parseInt(string(text)))
	return nil
}

// Decode reads a decrypted message or event. Types and fields it does not know are no error:
// the type decodes with Known false, the field is skipped. Control characters and broken UTF-8
// are dropped. ErrMalformed means the text is not <xml>…</xml>.
func Decode(plaintext []byte) (c Callback, err error) {
	s := legible(plaintext)
	if !c.decodeFlat(s) {
		c = Callback{}
		if err = c.decodeXML(s); err != nil {
			return Callback{}, err
		}
	}
	c.Known = known(c.MsgType, c.Event)
	return c, nil
}

// decodeFlat reads the common messages in one pass; false means that encoding/xml is needed.
func (c *Callback) decodeFlat(s string) bool {
	scan := newScanner(s)
	for {
		name, value, ok := scan.next()
		switch {
		case !ok:
			return scan.plain
		case isNested(name):
			return false
		}
		c.set(name, value)
	}
}

// isNested names the elements that decodeXML reads as a whole.
func isNested(name string) bool {
	switch name {
	case "SelectedItems", "ScanCodeInfo", "SendPicsInfo", "SendLocationInfo", "BatchJob", "ApprovalInfo", "ExtAttr":
		return true
	}
	return false
}

// decodeXML reads any callback: nested parts by their tags, flat ones like decodeFlat.
func (c *Callback) decodeXML(s string) error {
	var x struct {
		XMLName  xml.Name `xml:"xml"`
		Selected []struct {
			QuestionKey string   `xml:"QuestionKey"`
			OptionIDs   []string `xml:"OptionIds>OptionId"`
		} `xml:"SelectedItems>SelectedItem"`
		ScanCode *ScanCode     `xml:"ScanCodeInfo"`
		Pictures []string      `xml:"SendPicsInfo>PicList>item>PicMd5Sum"`
		Place    *elements     `xml:"SendLocationInfo"`
		BatchJob *BatchJob     `xml:"BatchJob"`
		Approval *ApprovalInfo `xml:"ApprovalInfo"`
		ExtAttr  []ExtAttr     `xml:"ExtAttr>Item"`
		elements
	}
	d := xml.NewTokenDecoder(spelling{xml.NewDecoder(strings.NewReader(s))})
	if err := d.Decode(&x); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	c.ScanCode, c.Pictures, c.BatchJob, c.Approval = x.ScanCode, x.Pictures, x.BatchJob, x.Approval
	c.setAll(x.elements)
	if x.Place != nil {
		c.setAll(*x.Place)
	}
	if len(x.ExtAttr) > 0 {
		c.contact().ExtAttr = x.ExtAttr
	}
	for _, item := range x.Selected {
		if c.Selected == nil {
			c.Selected = make(map[string][]string, len(x.Selected))
		}
		c.Selected[item.QuestionKey] = item.OptionIDs
	}
	return nil
}

// elements are children that have no field of their own.
type elements struct {
	Any []struct {
		XMLName xml.Name
		Value   string `xml:",chardata"`
	} `xml:",any"`
}

func (c *Callback) setAll(e elements) {
	for _, child := range e.Any {
		c.set(child.XMLName.Local, child.Value)
	}
}

// spelling reads the names that vendor pages write in two ways as one.
type spelling struct{ *xml.Decoder }

// Token implements xml.TokenReader.
func (d spelling) Token() (xml.Token, error) {
	t, err := d.Decoder.Token()
	switch e := t.(type) {
	case xml.StartElement:
		e.Name.Local = spelled(e.Name.Local)
		return e, err
	case xml.EndElement:
		e.Name.Local = spelled(e.Name.Local)
		return e, err
	}
	return t, err
}

func spelled(name string) string {
	switch name {
	case "ItemUserid":
		return "ItemUserId"
	case "approverstep":
		return "ApproverStep"
	}
	return name
}

// set takes one flat element. Names are unique over all documented types, so the order of
// elements does not matter.
func (c *Callback) set(name, v string) {
	switch name {
	case "ToUserName":
		c.ToUserName = strings.TrimSpace(v)
	case "FromUserName":
		c.FromUserName = strings.TrimSpace(v)
	case "CreateTime":
		c.CreateTime = parseInt(v)
	case "MsgType":
		c.MsgType = strings.TrimSpace(v)
	case "MsgId":
		c.MsgID, _ = strconv.ParseUint(strings.TrimSpace(v), 10, 64)
	case "AgentID", "AgentId": // taskcard_click writes AgentId
		c.AgentID = int(parseInt(v))
	case "Content":
		c.Content = v
	case "Event":
		c.Event = strings.TrimSpace(v)
	case "EventKey":
		c.EventKey = v
	case "TaskId":
		c.TaskID = v
	case "CardType":
		c.CardType = v
	case "ResponseCode":
		c.ResponseCode = v
	case "MediaId":
		c.MediaID = v
	case "ThumbMediaId":
		c.ThumbMediaID = v
	case "PicUrl":
		c.PicURL = v
	case "Format":
		c.Format = v
	case "AppType":
		c.AppType = v
	case "ChangeType":
		c.ChangeType = v
	case "Id":
		c.ID = v
	case "JobId":
		c.JobID = v
	case "CalId":
		c.CalendarID = v
	case "ScheduleId":
		c.ScheduleID = v
	case "Mode":
		c.Mode = v
	case "EffectTime":
		c.EffectTime = parseInt(v)
	default:
		c.setPlace(name, v)
	}
}

func (c *Callback) setPlace(name, v string) {
	switch name {
	case "Location_X", "Latitude":
		c.location().Latitude = parseFloat(v)
	case "Location_Y", "Longitude":
		c.location().Longitude = parseFloat(v)
	case "Precision":
		c.location().Precision = parseFloat(v)
	case "Scale":
		c.location().Scale = int(parseInt(v))
	case "Label":
		c.location().Label = v
	case "Poiname":
		c.location().Poiname = v
	case "Title":
		c.link().Title = v
	case "Description":
		c.link().Description = v
	case "Url":
		c.link().URL = v
	default:
		c.setContact(name, v)
	}
}

func (c *Callback) setContact(name, v string) {
	switch name {
	case "UserID":
		c.contact().UserID = v
	case "NewUserID":
		c.contact().NewUserID = v
	case "Name":
		c.contact().Name = v
	case "Position":
		c.contact().Position = v
	case "Alias":
		c.contact().Alias = v
	case "Status":
		c.contact().Status = v
	case "Mobile":
		c.contact().Mobile = v
	case "Telephone":
		c.contact().Telephone = v
	case "Email":
		c.contact().Email = v
	case "BizMail":
		c.contact().BizMail = v
	case "Gender":
		c.contact().Gender = v
	case "Avatar":
		c.contact().Avatar = v
	case "Address":
		c.contact().Address = v
	case "DirectLeader":
		c.contact().DirectLeader = v
	case "Department":
		c.contact().Department = v
	case "IsLeaderInDept":
		c.contact().IsLeaderInDept = v
	case "MainDepartment":
		c.contact().MainDepartment = v
	case "ParentId":
		c.contact().ParentID = v
	case "Order":
		c.contact().Order = v
	case "TagId":
		c.contact().TagID = v
	case "AddUserItems":
		c.contact().AddUserItems = v
	case "DelUserItems":
		c.contact().DelUserItems = v
	case "AddPartyItems":
		c.contact().AddPartyItems = v
	case "DelPartyItems":
		c.contact().DelPartyItems = v
	}
}

func (c *Callback) location() *Location {
	if c.Location == nil {
		c.Location = &Location{}
	}
	return c.Location
}

func (c *Callback) link() *Link {
	if c.Link == nil {
		c.Link = &Link{}
	}
	return c.Link
}

func (c *Callback) contact() *ContactChange {
	if c.Contact == nil {
		c.Contact = &ContactChange{}
	}
	return c.Contact
}

func parseInt(s string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return n
}

func parseFloat(s string) float64 {
	f, _ := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f
}

// known says whether the pages document this type and event.
func known(msgType, event string) bool {
	switch msgType {
	case TypeText, TypeImage, TypeVoice, TypeVideo, TypeLocation, TypeLink:
		return true
	case TypeEvent:
		return knownEvent(event)
	}
	return false
}

func knownEvent(event string) bool {
	switch event {
	case EventSubscribe, EventUnsubscribe, EventEnterAgent, EventLocation, EventClick, EventView,
		EventViewMiniprogram, EventScanCodePush, EventScanCodeWait, EventSysPhoto, EventPhotoOrAlbum,
		EventWeixinAlbum, EventLocationSelect, EventBatchJob, EventUploadMedia, EventCard, EventCardMenu,
		EventTaskCard, EventOpenApproval, EventSysApproval, EventContact, EventSchoolContact,
		EventModifyCalendar, EventDeleteCalendar, EventAddSchedule, EventModifySchedule,
		EventDeleteSchedule, EventRespondSchedule, EventWorkbenchMode, EventShareAgent, EventShareChain,
		EventInactiveAlert, EventLowActiveAlert, EventCloseInactive, EventReopenInactive, EventLowActive,
		EventActiveRestored:
		return true
	}
	return false
}
