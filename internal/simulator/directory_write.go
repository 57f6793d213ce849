package simulator

import "unicode/utf8"

// The write side of the address book is the contact-sync assistant's alone: an app's token
// gets 48002 (identity.md 7). Its changes reach the app as they would from the console.

// memberWrite is user/create and user/update; an absent field stays.
type memberWrite struct {
	UserID      string  `json:"userid"`
	Name        *string `json:"name"`
	Departments []int   `json:"department"`
	Position    *string `json:"position"`
	Alias       *string `json:"alias"`
	Gender      *string `json:"gender"`
	Mobile      *string `json:"mobile"`
	Email       *string `json:"email"`
	Enable      *int    `json:"enable"`
}

func (s *Server) createUser(c *call) (reply, error) {
	var in memberWrite
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return reply{"errmsg": "created"}, s.addUser(&in)
}

func (s *Server) addUser(in *memberWrite) error {
	switch {
	case !userIDShape.MatchString(in.UserID):
		return fail(40003, "invalid userid")
	case s.user(in.UserID) != nil:
		return fail(60102, "userid existed")
	case in.Name == nil || *in.Name == "":
		return fail(40063, "some parameters are empty: name")
	case in.Mobile == nil && in.Email == nil:
		return fail(40063, "some parameters are empty: mobile or email")
	}
	return s.writeUser(in, User{UserID: in.UserID, InRange: true})
}

func (s *Server) updateUser(c *call) (reply, error) {
	var in memberWrite
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return reply{"errmsg": "updated"}, s.changeUser(&in)
}

func (s *Server) changeUser(in *memberWrite) error {
	u := s.user(in.UserID)
	if u == nil {
		return fail(60111, "userid not found")
	}
	return s.writeUser(in, *u)
}

func (s *Server) writeUser(in *memberWrite, u User) error {
	for _, id := range in.Departments {
		if s.department(id) == nil {
			return fail(60003, "department not found")
		}
	}
	for _, other := range s.st.Users {
		switch {
		case fold(other.UserID) == fold(u.UserID):
		case in.Mobile != nil && *in.Mobile != "" && other.Mobile == *in.Mobile:
			return fail(60104, "mobile existed")
		case in.Email != nil && *in.Email != "" && other.Email == *in.Email:
			return fail(60106, "email existed")
		}
	}
	switch {
	case len(in.Departments) > 100:
		return badField("department")
	case in.Name != nil && utf8.RuneCountInString(*in.Name) > 64:
		return badField("name")
	}
	assign(&u.Name, in.Name)
	assign(&u.Position, in.Position)
	assign(&u.Alias, in.Alias)
	assign(&u.Gender, in.Gender)
	assign(&u.Mobile, in.Mobile)
	assign(&u.Email, in.Email)
	if len(in.Departments) > 0 {
		u.Departments, u.Department = in.Departments, ""
	}
	if in.Enable != nil {
		u.Status = active
		if *in.Enable == 0 {
			u.Status = 2
		}
	}
	s.putUser(u)
	return nil
}

func (s *Server) deleteUser(c *call) (reply, error) {
	u := s.user(c.query.Get("userid"))
	if u == nil {
		return nil, fail(60111, "userid not found")
	}
	s.removeUser(u)
	return reply{"errmsg": "deleted"}, nil
}
