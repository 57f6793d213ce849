// What the form of an application does better with scripts: it is kept as it is written,
// pictures are sent at once, and what the server works out or refuses stands at its field.
(function () {
	'use strict';

	var form = document.querySelector('form[data-draft]');
	if (!form) {
		return;
	}
	var submit = document.getElementById('submit');
	var lacks = document.getElementById('lacks');
	var timer = 0, saving = null, again = false, sending = 0;

	function all(selector, root) {
		return Array.prototype.slice.call((root || form).querySelectorAll(selector));
	}

	function ready(is) { submit.disabled = !is || sending > 0; }

	// A field with a condition is there only while one of its answers is chosen.
	function conditions() {
		all('[data-if]').forEach(function (field) {
			var chosen = all('[name="a.' + field.dataset.if + '"]:checked').map(function (i) { return i.value; });
			field.hidden = !field.dataset.in.split('|').some(function (v) { return chosen.indexOf(v) >= 0; });
		});
	}

	function say(key, sentence) {
		var p = form.querySelector('[data-wrong="' + key + '"]') || form.querySelector('[data-wrong="' + key.split('.')[0] + '"]');
		if (!p) {
			return;
		}
		p.hidden = !sentence;
		p.querySelector('span').textContent = sentence || '';
		p.parentElement.classList.toggle('is-wrong-field', !!sentence);
	}

	function show(kept) {
		all('[data-wrong]').forEach(function (p) {
			if (!p.hasAttribute('data-stays')) {
				say(p.dataset.wrong, '');
			}
		});
		Object.keys(kept.fields || {}).forEach(function (key) { say(key, kept.fields[key]); });
		Object.keys(kept.texts || {}).forEach(function (key) {
			var out = form.querySelector('[data-text="' + key + '"]');
			if (out) {
				out.textContent = kept.texts[key];
			}
		});
		var list = kept.lacks || [];
		lacks.textContent = list.length ? '还差：' + list.join('、') : '已自动保存';
		ready(kept.ready);
	}

	// The draft is kept a moment after the last change; one request at a time.
	function later() {
		clearTimeout(timer);
		timer = setTimeout(save, 700);
	}

	function save() {
		if (saving) {
			again = true;
			return;
		}
		var data = new FormData(form);
		all('input[type=file]').forEach(function (i) { data.delete(i.name); });
		data.set('do', 'save');
		saving = fetch(form.action, { method: 'POST', body: data, headers: { Accept: 'application/json' }, credentials: 'same-origin' })
			.then(function (res) {
				if (!res.ok) {
					throw new Error(String(res.status));
				}
				return res.json();
			})
			.then(show)
			.catch(function () {
				lacks.textContent = '还没有保存上，网络好了会再试。内容都还在这一页。';
				again = false;
				timer = setTimeout(save, 5000);
			})
			.then(function () {
				saving = null;
				if (again) {
					again = false;
					save();
				}
			});
	}

	form.addEventListener('input', function (e) {
		if (e.target.type !== 'file') {
			conditions();
			later();
		}
	});

	// Pictures.

	function list(box) { return box.querySelector('.shots'); }

	function full(box) {
		var most = Number(box.dataset.most);
		var add = box.querySelector('.uploads__add');
		if (add) {
			add.hidden = list(box).children.length >= most;
		}
	}

	function button(text, mark, warn) {
		var b = document.createElement('button');
		b.type = 'button';
		b.className = warn ? 'link link--warn' : 'link';
		b.setAttribute(mark, '');
		b.textContent = text;
		return b;
	}

	function shown(li, box, kept, picture) {
		li.textContent = '';
		var id = document.createElement('input');
		id.type = 'hidden';
		id.name = 'a.' + box.dataset.uploads;
		id.value = kept.id;
		var a = document.createElement('a');
		a.className = 'shot';
		a.href = kept.url;
		a.setAttribute('aria-label', '看大图');
		if (picture) {
			var img = document.createElement('img');
			img.src = kept.url + '?small=1';
			img.alt = '';
			a.appendChild(img);
		} else {
			a.textContent = '看文件';
		}
		li.appendChild(id);
		li.appendChild(a);
		li.appendChild(button(picture ? '重拍' : '换一个', 'data-again'));
		li.appendChild(button('删除', 'data-drop', true));
	}

	// One picture of several that has to be taken again has an input of its own and keeps it.
	function own(li) { return li.querySelector('input[type=file]'); }

	function renew(li, kept) {
		li.querySelector('input[type=hidden]').value = kept.id;
		li.querySelector('a.shot').href = kept.url;
		var img = li.querySelector('img');
		if (img) {
			img.src = kept.url + '?small=1';
		}
		var badge = li.querySelector('.badge');
		if (badge) {
			badge.remove();
		}
		li.hidden = false;
	}

	function send(box, file, name, instead) {
		var key = box.dataset.uploads;
		var picture = !!box.querySelector('.uploads__how');
		var li = document.createElement('li');
		li.className = 'shot-box';
		var bar = document.createElement('progress');
		bar.max = 100;
		bar.setAttribute('aria-label', '上传进度');
		li.appendChild(bar);
		list(box).insertBefore(li, instead || null);
		if (instead) {
			instead.hidden = true;
		}
		var wrong = form.querySelector('[data-wrong="' + key + '"]');
		wrong.removeAttribute('data-stays');
		say(key, '');
		sending++;
		ready(false);

		function failed(sentence) {
			li.remove();
			if (instead) {
				instead.hidden = false;
			}
			say(key, sentence);
			wrong.setAttribute('data-stays', '');
			full(box);
		}
		var data = new FormData();
		data.append(name, file);
		var req = new XMLHttpRequest();
		req.open('POST', form.dataset.files);
		req.setRequestHeader('Accept', 'application/json');
		req.upload.onprogress = function (e) {
			if (e.lengthComputable) {
				bar.value = 100 * e.loaded / e.total;
			}
		};
		req.onloadend = function () {
			sending--;
			var answer = {};
			try { answer = JSON.parse(req.responseText); } catch (e) { answer = {}; }
			if (req.status === 201 && instead && own(instead)) {
				li.remove();
				renew(instead, answer);
			} else if (req.status === 201) {
				shown(li, box, answer, picture);
				if (instead) {
					instead.remove();
				}
				full(box);
			} else {
				failed(answer.message || '没有传上去，网络断开了。请再选一次这张照片。');
			}
			save();
		};
		// What is too large is not sent: the server would say the same a minute later.
		if (file.size > 10 << 20) {
			sending--;
			failed(picture ? '照片超过 10 MB。请用手机的普通画质重拍，或在相册里压缩后再传。' : '文件超过 10 MB，请压缩一下或分开上传。');
			save();
			return;
		}
		req.send(data);
	}

	var instead = null;

	form.addEventListener('change', function (e) {
		var input = e.target;
		if (input.type !== 'file') {
			return;
		}
		var box = input.closest('.uploads');
		instead = input.closest('.shot-box') || instead;
		var room = Number(box.dataset.most) - list(box).children.length + (instead ? 1 : 0);
		Array.prototype.slice.call(input.files, 0, Math.max(0, room)).forEach(function (file) {
			send(box, file, input.name, instead);
			instead = null;
		});
		instead = null;
		input.value = '';
		full(box);
	});

	// Buttons that would otherwise take the way over the server.
	form.addEventListener('click', function (e) {
		var b = e.target.closest ? e.target.closest('button') : null;
		if (!b) {
			return;
		}
		if (b.hasAttribute('data-drop')) {
			e.preventDefault();
			var box = b.closest('.uploads');
			b.closest('li').remove();
			full(box);
			save();
		} else if (b.hasAttribute('data-again')) {
			var camera = b.closest('.uploads').querySelector('input[type=file]');
			if (camera) {
				e.preventDefault();
				instead = b.closest('li');
				camera.click();
			}
		} else if (b.hasAttribute('data-add-row')) {
			e.preventDefault();
			addRow(form.querySelector('[data-rows="' + b.dataset.addRow + '"]'));
		} else if (b.hasAttribute('data-drop-row')) {
			e.preventDefault();
			dropRow(b.closest('.rows__one'));
			save();
		}
	});

	// Rows.

	function count(rows) {
		all('.rows__one', rows).forEach(function (row, i) { row.querySelector('[data-shows]').textContent = i + 1; });
		var add = form.querySelector('[data-add-row="' + rows.dataset.rows + '"]');
		add.hidden = rows.children.length >= Number(rows.dataset.most);
	}

	function empty(row) {
		all('input, textarea', row).forEach(function (i) {
			if (i.type === 'checkbox' || i.type === 'radio') {
				i.checked = false;
			} else {
				i.value = '';
			}
		});
		all('.shots', row).forEach(function (l) { l.textContent = ''; });
		all('[data-wrong]', row).forEach(function (p) { p.hidden = true; });
		all('.is-wrong-field', row).forEach(function (f) { f.classList.remove('is-wrong-field'); });
	}

	function addRow(rows) {
		var last = rows.lastElementChild;
		var from = Number(last.dataset.row), to = from + 1;
		var row = last.cloneNode(true);
		var key = rows.dataset.rows;
		row.dataset.row = to;
		[row].concat(all('*', row)).forEach(function (el) {
			Array.prototype.slice.call(el.attributes).forEach(function (a) {
				a.value = a.value.replace(key + '.' + from, key + '.' + to).replace(key + '-' + from, key + '-' + to);
			});
		});
		empty(row);
		rows.appendChild(row);
		count(rows);
		var first = row.querySelector('input');
		if (first) {
			first.focus();
		}
	}

	function dropRow(row) {
		var rows = row.parentElement;
		if (rows.children.length === 1) {
			empty(row);
		} else {
			row.remove();
		}
		count(rows);
	}

	// Regions: three pickers in place of one line.

	function pickers(input) {
		var field = input.parentElement;
		var label = field.querySelector('.field__label');
		var row = document.createElement('div');
		row.className = 'pickers';
		field.insertBefore(row, input);
		input.hidden = true;
		if (input.value) {
			var stands = document.createElement('p');
			stands.className = 'stands';
			stands.textContent = '已选：' + input.value;
			field.insertBefore(stands, row);
		}

		function add(under, depth) {
			fetch('/m/regions?under=' + under, { credentials: 'same-origin' }).then(function (r) { return r.json(); }).then(function (found) {
				if (!found.length) {
					return;
				}
				var select = document.createElement('select');
				select.className = 'field__input';
				select.setAttribute('aria-label', label.textContent + '，' + ['省', '市', '县'][depth]);
				select.add(new Option(['选省份', '选城市', '选区县'][depth], ''));
				found.forEach(function (r) { select.add(new Option(r.name, r.code)); });
				select.addEventListener('change', function () {
					while (select.nextSibling) {
						select.nextSibling.remove();
					}
					var chosen = found.filter(function (r) { return r.code === select.value; })[0];
					input.value = chosen && !chosen.more ? chosen.code : '';
					if (chosen && chosen.more) {
						add(chosen.code, depth + 1);
					}
					if (field.querySelector('.stands')) {
						field.querySelector('.stands').remove();
					}
					later();
				});
				row.appendChild(select);
			}).catch(function () { input.hidden = false; row.remove(); });
		}
		add('', 0);
	}

	all('input[data-region]').forEach(pickers);
	all('.uploads').forEach(full);
	all('[data-rows]').forEach(count);
	conditions();
	ready(form.dataset.ready === 'true');
	form.classList.add('is-alive');
})();
